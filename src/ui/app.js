/** The application: which address shows which view, and the frame around it. */

import { SERVER } from "./base/api.js";
import { h, render } from "./base/dom.js";
import { live } from "./base/live.js";
import { HOME, Router, to } from "./base/router.js";
import { session } from "./base/session.js";
import { View } from "./base/view.js";
import { say } from "./parts/toast.js";
import { seen } from "./views/administration/parts.js";

/** What the browser remembers of how the application is to look. */
const THEME = "mkt.theme";

/** All addresses. What a view needs is loaded when it is shown first. @type {import("./base/router.js").Route[]} */
const ROUTES = [
    { path: "", tag: "mkt-catalogue", section: "catalogue", load: () => import("./views/catalogue.js") },
    { path: "products/:product", tag: "mkt-product", section: "catalogue", load: () => import("./views/product.js") },
    { path: "products/:product/deploy", tag: "mkt-deploy", section: "catalogue", load: () => import("./views/deploy.js") },
    { path: "platforms", tag: "mkt-platforms", section: "platforms", load: () => import("./views/platforms.js") },
    { path: "platforms/:user/:platform", tag: "mkt-platform", section: "platforms", load: () => import("./views/platform.js") },
    {
        path: "platforms/:user/:platform/instances/:instance",
        tag: "mkt-instance",
        section: "platforms",
        load: () => import("./views/instance.js"),
    },
    { path: "publishing", tag: "mkt-publishing", section: "publishing", load: () => import("./views/publishing.js") },
    {
        path: "publishing/:product",
        tag: "mkt-publishing-product",
        section: "publishing",
        load: () => import("./views/publishing-product.js"),
    },
    {
        path: "publishing/:product/builds/:build",
        tag: "mkt-publishing-build",
        section: "publishing",
        load: () => import("./views/publishing-build.js"),
    },
    { path: "reviews", tag: "mkt-reviews", section: "reviews", load: () => import("./views/reviews.js") },
    { path: "reviews/:product/:build", tag: "mkt-review", section: "reviews", load: () => import("./views/review.js") },
    { path: "account", tag: "mkt-account", section: "account", load: () => import("./views/account.js") },
    { path: "account/:part", tag: "mkt-account", section: "account", load: () => import("./views/account.js") },
    { path: "administration", tag: "mkt-administration", section: "administration", load: () => import("./views/administration.js") },
    { path: "administration/:part", tag: "mkt-administration", section: "administration", load: () => import("./views/administration.js") },
    {
        path: "administration/:part/:id",
        tag: "mkt-administration",
        section: "administration",
        load: () => import("./views/administration.js"),
    },
    { path: "device", tag: "mkt-device", section: "account", load: () => import("./views/device.js") },
    { path: "sign-in", tag: "mkt-sign-in", section: "", load: () => import("./views/sign-in.js") },
];

const router = new Router(ROUTES);

const main = /** @type {HTMLElement} */ (document.getElementById("main"));
/** What is shown, and under which address. @type {View | null} */
let shown = null;
let shownAt = "";
/** The newest address that was asked for: the answer to an older one is not shown any more. */
let asked = 0;

async function show() {
    const mine = (asked += 1);
    const place = router.place();
    frame(place?.route.section);
    if (!place)
        return render(
            main,
            h("section", { class: "empty" }, h("h1", {}, "There is nothing here"), h("p", {}, h("a", { href: HOME }, "To the catalogue"))),
        );
    const at = JSON.stringify([place.route.path, place.params]);
    if (shown?.isConnected && at === shownAt) {
        await shown.moved(place.params, place.query);
        return;
    }
    try {
        await place.route.load();
    } catch (error) {
        console.error(error);
        if (mine !== asked) return;
        const reload = () => location.reload();
        const help = "The marketplace may have been brought up to date while this page was open, or your connection is gone.";
        const button = h("button", { type: "button", class: "primary", onclick: reload }, "Reload");
        return render(
            main,
            h(
                "section",
                { class: "empty", role: "alert" },
                h("h1", {}, "This page could not be loaded"),
                h("p", {}, help),
                h("p", { class: "actions center" }, button),
            ),
        );
    }
    if (mine !== asked) return;
    const isFirst = shown === null;
    const view = /** @type {View} */ (document.createElement(place.route.tag));
    view.params = place.params;
    view.query = place.query;
    [shown, shownAt] = [view, at];
    main.replaceChildren(view);
    if (isFirst) return;
    scrollTo(0, 0);
    // Readers of screens go on where the new page begins.
    main.focus({ preventScroll: true });
}

/** Where one can go, of what one may. */
function sections() {
    const { may, isSignedIn } = { may: session.may.bind(session), isSignedIn: session.isSignedIn };
    return [
        { name: "catalogue", label: "Catalogue", href: HOME, offered: true },
        { name: "platforms", label: "Platforms", href: to("platforms"), offered: isSignedIn },
        { name: "publishing", label: "Publishing", href: to("publishing"), offered: isSignedIn },
        {
            name: "reviews",
            label: "Reviews",
            href: to("reviews"),
            offered: may("reviews", "read") || may("builds", "validate") || may("builds", "publish"),
        },
        { name: "administration", label: "Administration", href: to("administration"), offered: seen().length > 0 },
        { name: "account", label: "Account", href: to("account"), offered: isSignedIn },
    ].filter((section) => section.offered);
}

/** @param {string | undefined} current */
function frame(current) {
    const title = document.documentElement.dataset.title ?? "Marketplace";
    const states = { live: "Live", connecting: "Connecting", off: "" };
    const who = session.isSignedIn
        ? h("button", { type: "button", class: "small", onclick: () => session.signOut() }, "Sign out")
        : h(
              "a",
              { class: "button small primary", href: to("sign-in", { after: location.pathname.slice(HOME.length) + location.search }) },
              "Sign in",
          );
    const theme = document.documentElement.dataset.theme;
    const isDark = theme ? theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    const bar = /** @type {HTMLElement} */ (document.getElementById("bar"));
    render(
        bar,
        h(
            "div",
            {},
            h(
                "a",
                { class: "brand", href: HOME },
                h(
                    "svg",
                    { viewBox: "0 0 32 32", "aria-hidden": "true" },
                    h("rect", { width: "32", height: "32", rx: "7", fill: "currentColor" }),
                    h("path", { d: "M7 22V11l4.500 6.500L16 11l4.500 6.500L25 11v11", class: "mark" }),
                ),
                title,
            ),
            h(
                "nav",
                { "aria-label": "Main" },
                h(
                    "ul",
                    {},
                    sections().map(({ name, label, href }) =>
                        h("li", { key: name }, h("a", { href, "aria-current": name === current ? "page" : undefined }, label)),
                    ),
                ),
            ),
            h(
                "div",
                { class: "end" },
                h(
                    "span",
                    { class: `link-state ${live.state}`, role: "status" },
                    live.state === "off" ? null : h("span", {}, states[live.state]),
                ),
                h(
                    "button",
                    {
                        type: "button",
                        class: "icon",
                        "aria-label": isDark ? "Use light colours" : "Use dark colours",
                        onclick: () => paint(isDark ? "light" : "dark"),
                    },
                    isDark ? "☀" : "☾",
                ),
                who,
            ),
        ),
    );
    const foot = /** @type {HTMLElement} */ (document.getElementById("foot"));
    render(
        foot,
        h(
            "div",
            {},
            session.user ? h("span", {}, `Signed in as ${session.user.name}`) : null,
            h("a", { href: `${SERVER}/docs` }, "API documentation"),
            h("a", { href: `${SERVER}/openapi.json` }, "OpenAPI"),
            h("a", { href: `${SERVER}/status` }, "Status"),
        ),
    );
}

/** @param {string} theme */
function paint(theme) {
    document.documentElement.dataset.theme = theme;
    localStorage.setItem(THEME, theme);
    frame(router.place()?.route.section);
}

async function start() {
    const theme = localStorage.getItem(THEME);
    if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
    const wrong = await session.begin();
    let signedIn = session.user?.id;
    session.addEventListener("change", () => {
        frame(router.place()?.route.section);
        if (session.user?.id === signedIn) return;
        signedIn = session.user?.id;
        live.restart();
        // What others may see is not what one sees now.
        shown = null;
        show();
    });
    session.addEventListener("end", (event) => say(/** @type {CustomEvent} */ (event).detail));
    live.addEventListener("change", () => frame(router.place()?.route.section));
    router.addEventListener("change", show);
    router.start();
    if (wrong) say(wrong, "error");
}

start();
