// A vendor brings a product in, a reviewer decides, and a visitor sees it appear.

import { readFileSync } from "node:fs";
import { api, check, journey, person as newcomer } from "./browser.mjs";

/** A picture of one pixel. */
const PIXEL = Buffer.from("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==", "base64");
const MANIFEST = JSON.parse(readFileSync(new URL("../../../docs/example/marketplace.json", import.meta.url), "utf8"));
MANIFEST.product.build.requires = [];
MANIFEST.product.facts.name = "Waiting & <Times>";

/** A file as a browser gives it. */
const file = (name, content, mimeType = "application/json") => ({ name, mimeType, buffer: Buffer.from(content) });

await journey(async (arrive) => {
  const vendor = await newcomer("vendor", ["products.create", "licenses.create", "interfaces.create"]);
  const reviewer = await newcomer("reviewer", [
    "builds.validate",
    "builds.publish",
    "products.publish",
    "products.read",
    "builds.read",
    "reviews.read",
    "users.read",
  ]);
  const [maker, judge, visitor] = [await arrive({ token: vendor.token }), await arrive({ token: reviewer.token }), await arrive()];
  await visitor.go();
  await judge.go("reviews");
  await judge.isSeen("reviews-empty");

  // From nothing, by the manifest: what is wrong is told, then what would be.
  await maker.go("publishing");
  await maker.isSeen("publishing-empty");
  const drop = maker.page.locator("mkt-drop input[type=file]").first();
  maker.expected.push("422", "400");
  await drop.setInputFiles(file("marketplace.json", '{"product": {}'));
  await maker.page
    .locator("mkt-package")
    .getByText(/line|Line|expected|JSON/)
    .first()
    .waitFor();
  await drop.setInputFiles(file("marketplace.json", JSON.stringify(MANIFEST, null, 2)));
  await maker.see("button", "Submit for review").waitFor();
  await maker.isSeen("publishing-plan");
  await maker.click("button", "Submit for review");
  await maker.click("link", "Go to Waiting & <Times>");
  await maker.see("heading", "Waiting & <Times>").waitFor();

  // By hand: its fields, its logo, a screenshot, what is refused.
  await maker.fill("Description", "How long people wait, ward by ward.");
  await maker.fill("Support", "not an address");
  await maker.page.locator("mkt-form").filter({ hasText: "Description" }).getByRole("button", { name: "Save" }).click();
  await maker.page.locator("[aria-invalid=true]").first().waitFor();
  await maker.fill("Support", "https://example.org/help");
  await maker.page.locator("mkt-form").filter({ hasText: "Description" }).getByRole("button", { name: "Save" }).click();
  await maker.page.locator("[aria-invalid=true]").first().waitFor({ state: "detached" });
  const logo = maker.page
    .locator("section")
    .filter({ has: maker.page.getByRole("heading", { name: "Logo" }) })
    .locator("input[type=file]");
  maker.expected.push("415", "413");
  await logo.setInputFiles(file("logo.png", "no picture", "image/png"));
  await maker.page.locator("mkt-drop [role=alert]").first().waitFor();
  await logo.setInputFiles(file("logo.png", PIXEL, "image/png"));
  await maker.see("button", "Remove the logo").waitFor();
  await maker.isSeen("publishing-product");

  // It has reached the reviewer by itself, who reads it and turns it down with a reason.
  await judge.click("link", /Waiting & <Times>/);
  await judge
    .see("heading", /Waiting & <Times>/)
    .first()
    .waitFor();
  await judge.isSeen("review");
  await judge.click("button", "Reject");
  await judge.fill("Reason", "Say what it needs.");
  await judge.isFitForAll("the dialog of a rejection");
  await judge.page.locator("dialog button.primary").click();
  await maker.reads("rejected");
  check(!(await visitor.see("link", "Waiting & <Times>").count()), "what is rejected is public");

  // Submitted again, validated, published: the visitor's page shows it.
  await maker.page.locator("main a").filter({ hasText: MANIFEST.product.build.version }).first().click();
  await maker.see("button", "Submit for review").waitFor();
  await maker.isSeen("publishing-build");
  await maker.click("button", "Submit for review");
  await judge.go("reviews");
  await judge.isSeen("reviews");
  await judge.click("link", /Waiting & <Times>/);
  // What the operator requires comes first: neither the owner, who may publish here, nor the reviewer is offered it before.
  await judge.see("button", "Validate").waitFor();
  for (const one of [maker, judge]) check((await one.see("button", "Publish").count()) === 0, "what nobody vouched for can be published");
  await judge.click("button", "Validate");
  await judge.page.locator("dialog button.primary").click();
  await maker.see("button", "Publish").waitFor();
  await judge.click("button", "Publish");
  await judge.page.locator("dialog button.primary").click();
  await visitor.see("link", "Waiting & <Times>").waitFor();
  await visitor.click("link", "Waiting & <Times>");
  await visitor.see("heading", "Product Facts").waitFor();

  // The vendor withdraws the build: whoever looks at it learns why.
  await api("POST", `/products/${MANIFEST.product.uuid}/builds/${MANIFEST.product.build.uuid}/yank`, { reason: "Counts nobody." });
  await visitor.reads("Counts nobody.");
  for (const one of [maker, judge, visitor]) one.isContent();
});
