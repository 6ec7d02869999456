// Somebody who is not signed in looks around.

import { api, check, journey, SERVER } from "./browser.mjs";

const HOSTILE = '<img src=x onerror="document.title=1"> & "Friends"';

await journey(async (arrive) => {
  const hostile = await api("POST", "/products", { name: HOSTILE, description: "<script>document.title=1</script>" });
  await api("POST", `/products/${hostile.id}/publish`);
  const secret = await api("POST", "/products", { name: "Not for everybody" });

  const person = await arrive();
  await person.go();
  await person.isSeen("catalogue");
  check((await person.page.locator(".product.card").count()) === 11, "ten products and a hostile one");
  await person.see("link", HOSTILE).waitFor();
  check(!(await person.see("link", "Not for everybody").count()), "a draft is seen");

  // Search as one types; the address can be shared.
  await person.page.getByLabel("Search products").pressSequentially("retina", { delay: 30 });
  await person.reads(/^1 product$/);
  check(person.page.url().endsWith("?text=retina"), person.page.url());
  check(
    await person.page.getByLabel("Search products").evaluate((field) => field === document.activeElement),
    "the search keeps the focus",
  );
  await person.page.getByLabel("Search products").fill("");
  await person.reads(/^11 products$/);

  // Facets, and the way back.
  await person.page.getByLabel(/Interoperability/).check();
  await person.reads(/^2 products$/);
  await person.click("link", "Without Domain Interoperability");
  await person.reads(/^11 products$/);
  await person.page.goBack();
  await person.reads(/^2 products$/);
  await person.page.goForward();
  await person.reads(/^11 products$/);
  await person.page.getByLabel("Order").selectOption("-published_at");
  await person.page.waitForURL(/sort=-published_at/);
  await person.go("?text=nothing+of+the+kind");
  await person.see("heading", "Nothing fits").waitFor();
  await person.isSeen("catalogue-empty");

  // A product, its facts, its builds.
  await person.click("link", "Show all products");
  await person.click("link", "Aperture Retina Grading");
  await person.see("heading", "Product Facts").waitFor();
  await person.reads("Hana Petrosyan, MD, FEBO");
  await person.isSeen("product");
  check(!(await person.see("link", /Deploy/).count()), "a visitor is offered to deploy");
  await person.page.goBack();
  await person.see("link", HOSTILE).click();
  await person.see("heading", HOSTILE).waitFor();
  await person.reads("<script>document.title=1</script>");
  check((await person.page.title()).startsWith("<img"), "the title is text");

  // What is not to be seen is not there.
  person.expected.push("404", "401");
  await person.go(`products/${secret.id}`);
  await person.see("heading", "There is nothing here").waitFor();
  await person.isSeen("nothing");
  await person.go("no/such/page");
  await person.see("heading", "There is nothing here").waitFor();

  // All of it by keyboard: the first stop leads past the bar.
  await person.go();
  await person.page.keyboard.press("Tab");
  check((await person.page.evaluate(() => document.activeElement.textContent)) === "Skip to the content", "the first stop");
  await person.page.keyboard.press("Enter");
  await person.page.keyboard.press("Tab");
  check(await person.page.evaluate(() => document.activeElement.id === "search"), "the search comes first");

  // What is published appears by itself, and what is withdrawn goes.
  await api("POST", `/products/${hostile.id}/unpublish`);
  await person.reads(/^10 products$/);
  await api("POST", `/products/${hostile.id}/publish`);
  await person.reads(/^11 products$/);

  // The theme is kept.
  await person.click("button", "Use dark colours");
  await person.go();
  check((await person.page.evaluate(() => document.documentElement.dataset.theme)) === "dark", "the theme is kept");

  // The way in.
  await person.click("link", "Sign in");
  await person.see("heading", "Sign in").waitFor();
  await person.isSeen("sign-in");
  await person.fill("Token", "not a token");
  await person.page.locator("mkt-form button").click();
  await person.see("alert", "").waitFor();
  check(!person.page.url().includes("not"), person.page.url());

  // Without the server there are words for it.
  person.expected.push("Failed to load resource", "ERR_INTERNET_DISCONNECTED", "ERR_FAILED", "WebSocket");
  await person.go();
  await person.page.context().setOffline(true);
  await person.page.getByLabel("Search products").fill("abc");
  await person.reads("What you see may be old");
  await person.page.context().setOffline(false);
  await person.page.getByLabel("Search products").fill("retina");
  await person.reads(/^1 product$/);
  check(!(await person.page.getByText("What you see may be old").count()), "it is right again");
  person.isContent();
});
console.log(`seen ${SERVER}`);
