// The base of the application, in a real browser: what is described is what is there, whatever stands in data.

import { SERVER, check, journey } from "./browser.mjs";

await journey(async (arrive) => {
  const person = await arrive();
  await person.go();
  const wrong = await person.page.evaluate(async (server) => {
    const version = document.querySelector("script[type=module]").src.split("/-/")[1].split("/")[0];
    const { h, render, isSafe } = await import(`${server}/ui/-/${version}/base/dom.js`);
    const { Router, to } = await import(`${server}/ui/-/${version}/base/router.js`);
    const host = document.body.appendChild(document.createElement("div"));
    const wrong = [];
    const is = (found, wanted, what) =>
      JSON.stringify(found) === JSON.stringify(wanted) || wrong.push(`${what}: ${JSON.stringify(found)} is not ${JSON.stringify(wanted)}`);
    const drawn = (...children) => (render(host, children), host.innerHTML);

    is(drawn("<b>&amp;</b>"), "&lt;b&gt;&amp;amp;&lt;/b&gt;", "text is text");
    is(drawn(h("p", { class: "a" }, 1, null, false, ["x", [undefined, "y"]])), '<p class="a">1xy</p>', "children");
    drawn(h("p", { title: '"><script>' }));
    is([host.childElementCount, host.firstChild.title], [1, '"><script>'], "attributes are text");
    is(drawn(h("p", {}, "x")), "<p>x</p>", "attributes go");
    is(drawn(h("button", { disabled: true }), h("i", { hidden: false })), '<button disabled=""></button><i></i>', "flags");

    const addresses = [
      "javascript:alert(1)",
      " jAvascript:alert(1)",
      "java\nscript:alert(1)",
      "\u0001javascript:alert(1)",
      "data:text/html,x",
      "vbscript:x",
    ];
    for (const address of addresses) is(drawn(h("a", { href: address }, "x")), "<a>x</a>", `the address ${address}`);
    is(
      ["/x", "x:y/z".slice(1), "https://x", "mailto:a@b", "#x", "?x=javascript:1", "tel:1"].map(isSafe),
      Array(7).fill(true),
      "safe addresses",
    );
    is(
      drawn(h("a", { href: "https://x.example/" }, "x"), h("img", { src: "javascript:1" })),
      '<a href="https://x.example/">x</a><img>',
      "addresses",
    );
    for (const props of [{ onclick: "alert(1)" }, { srcdoc: "<b>" }, { style: "x" }, { innerHTML: "<b>" }]) {
      let refused = false;
      try {
        drawn(h("p", props));
      } catch {
        refused = true;
      }
      is(refused, true, `refuses ${JSON.stringify(props)}`);
    }

    // What stays is the same element; what moves is moved.
    const list = (...keys) =>
      h(
        "ul",
        {},
        keys.map((key) => h("li", { key }, key)),
      );
    drawn(list("a", "b", "c"));
    const [a, b, c] = host.querySelectorAll("li");
    drawn(list("c", "x", "a"));
    const [first, , last] = host.querySelectorAll("li");
    is([first === c, last === a, b.isConnected, host.textContent], [true, true, false, "cxa"], "keys");
    for (let round = 0; round < 200; round += 1) {
      const keys = [..."abcdefgh"].filter(() => Math.random() < 0.6).sort(() => Math.random() - 0.5);
      drawn(list(...keys));
      is(host.textContent, keys.join(""), "any order");
    }

    // What goes before others moves none of them, and two of one key are two.
    drawn(h("p", { key: "notice" }, "old"), h("div", {}, h("b", {}, "kept")), list("a", "b"));
    const [kept, ul] = [host.querySelector("div"), host.querySelector("ul")];
    const moved = new MutationObserver(() => {});
    moved.observe(host, { childList: true });
    drawn(h("div", {}, h("b", {}, "kept")), list("a", "b"));
    is([host.querySelector("div") === kept, host.querySelector("ul") === ul], [true, true], "what stays stays");
    is(
      moved.takeRecords().reduce((sum, { addedNodes }) => sum + addedNodes.length, 0),
      0,
      "nothing is put anew",
    );
    for (let round = 0; round < 2; round += 1) {
      drawn(h("i", { key: "same" }, "1"), h("i", { key: "same" }, "2"));
      is(host.textContent, "12", "two of one key");
    }

    // What one types into stays, and what one typed.
    const field = (value, more) => [
      more,
      h("input", { key: "field", value }),
      h("select", { key: "choice", value: "" }, h("option", { value: "" }, "None"), h("option", { value: "1" }, "One")),
    ];
    drawn(field("", null));
    const input = host.querySelector("input");
    is(host.querySelector("select").selectedIndex, 0, "an empty value is chosen");
    input.focus();
    input.value = "typed";
    drawn(field("typed", h("p", { key: "new" }, "above")));
    is([document.activeElement === input, input.value], [true, "typed"], "focus");

    let clicks = 0;
    const button = (handler) => h("button", { onclick: handler }, "x");
    drawn(button(() => (clicks += 1)));
    drawn(button(() => (clicks += 10)));
    host.querySelector("button").click();
    is(clicks, 10, "one handler");
    is(drawn(h("svg", {}, h("path", { d: "M0 0" }))), '<svg><path d="M0 0"></path></svg>', "pictures");
    is(host.firstChild.namespaceURI, "http://www.w3.org/2000/svg", "of their own namespace");

    is(to("products", { text: "a&b", page: null, x: "" }), "/ui/products?text=a%26b", "addresses of places");
    const router = new Router([{ path: "things/:thing", tag: "x", load: async () => {} }]);
    history.replaceState(null, "", "/ui/things/a%20b/?q=1");
    is([router.place().params, router.place().query.get("q")], [{ thing: "a b" }, "1"], "places");
    history.replaceState(null, "", "/ui/things/%E0%A4%A");
    is(router.place().params, { thing: "%E0%A4%A" }, "what can't be read");
    history.replaceState(null, "", "/ui/none");
    is(router.place(), null, "nowhere");
    return wrong;
  }, SERVER);
  check(wrong.length === 0, wrong.join("\n"));
  person.isContent();
});
