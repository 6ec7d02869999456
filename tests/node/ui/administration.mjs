// Somebody who administers the marketplace: signed in by a provider, through all that there is to look after.

import { api, check, journey, SERVER } from "./browser.mjs";
import { signInAt } from "./signing.mjs";

const PARTS = [
  "Users",
  "Groups",
  "Roles",
  "Identity providers",
  "Licences",
  "Interfaces",
  "Badges",
  "Entitlements",
  "Claims",
  "Vouchers",
  "Attempts",
  "Audit log",
];

await journey(async (arrive) => {
  const person = await arrive();
  const dialog = person.page.locator("dialog");
  await person.go("sign-in");
  await signInAt(person, "ES256", "boss");
  // Once there is an administrator, the token of the first one holds no more.
  const token = await person.page.evaluate(() => sessionStorage.getItem("mkt.token"));
  const get = (path) => api("GET", path, undefined, token);
  await person.click("link", "Administration");
  await person.see("heading", "Administration").first().waitFor();
  await person.isSeen("administration");
  for (const part of PARTS) {
    await person.page.getByRole("navigation").getByRole("link", { name: part, exact: true }).click();
    await person.see("heading", part).first().waitFor();
    await person.isSeen(`administration-${part.toLowerCase().replaceAll(" ", "-")}`);
  }

  // What others do meanwhile appears by itself: of one they look at, too, and in the audit log.
  const post = (path, body) => api("POST", path, body, token);
  const name = `Elsewhere & <${PARTS.length}>`;
  for (const [part, path, body] of [
    ["Users", "/users", { name }],
    ["Groups", "/groups", { name }],
    ["Identity providers", "/identity_providers", { name, issuer: "https://sso.example.org", client_id: "mkt", client_secret: "secret" }],
    ["Licences", "/licenses", { name, url: "https://example.org/elsewhere" }],
    ["Interfaces", "/interfaces", { name, version: "1", uri: "https://example.org/elsewhere" }],
    ["Badges", "/badges", { name, description: "Given elsewhere." }],
  ]) {
    await person.click("link", part);
    await person.see("heading", part).first().waitFor();
    await person.page.locator("main .card").first().waitFor();
    await post(path, body);
    await person.reads(name);
  }
  const [group] = (await get("/groups")).results.filter((one) => one.name === name);
  const [somebody] = (await get("/users")).results.filter((one) => one.name === name);
  await person.go(`administration/groups/${group.id}`);
  await person.see("heading", name).first().waitFor();
  await post(`${group.path}/members`, { user_id: somebody.id });
  await person.see("link", name).first().waitFor();
  await person.click("link", "Audit log");
  await person.see("heading", "Audit log").first().waitFor();
  const newest = person.page.locator("main tbody tr").first();
  await newest.getByText("member").waitFor();
  await api("PATCH", group.path, { description: "Of whom nothing is known." }, token);
  await newest.getByText("group").waitFor();
  const { total_entries: entries } = await get("/audit_events?per_page=1");
  await person.reads(`${entries} entries`);

  // A user, a role, what it permits by the grid, and the appointment.
  await person.click("link", "Users");
  await person.click("button", "New user");
  await dialog.getByLabel("Name", { exact: false }).first().fill("Robin <i>");
  await dialog.getByLabel("Mail address").fill("not an address");
  person.expected.push("422");
  await dialog.locator("button.primary").click();
  await dialog.locator("[aria-invalid=true]").waitFor();
  await dialog.getByLabel("Mail address").fill("robin@example.org");
  await dialog.locator("button.primary").click();
  await person.reads("Robin <i>");
  await person.click("link", "Roles");
  await person.click("button", "New role");
  await dialog.getByLabel("Name").fill("Auditor");
  await dialog.locator("button.primary").click();
  await person.reads(/taken/);
  await dialog.getByLabel("Name").fill("Helpers");
  await dialog.locator("button.primary").click();
  await person
    .see("heading", /^Helpers/)
    .first()
    .waitFor();
  await person.page.getByLabel("Products: update", { exact: true }).check();
  await person.page.getByLabel("Badges: all", { exact: true }).focus();
  await person.page.keyboard.press("Space");
  await person.isSeen("administration-role");
  await person.click("button", /^Save/);
  await person.page.locator(".permissions .changed").first().waitFor({ state: "detached" });
  const [role] = (await get("/roles?name=Helpers")).results;
  check(
    role.permissions.products.update && role.permissions.badges.create && !role.permissions.users.read,
    JSON.stringify(role.permissions),
  );
  await person.click("button", "Appoint somebody");
  await dialog.locator("mkt-pick input").first().fill("Rob");
  await dialog.getByRole("option", { name: /Robin/ }).first().click();
  await dialog.locator("button.primary").click();
  await person.reads("1 appointment");

  // Vouchers by the dozen, and attempts as they are made.
  await person.click("link", "Vouchers");
  await person.click("button", "New voucher");
  await dialog.locator("mkt-pick input").first().fill("Sprout");
  await dialog.getByRole("option").first().click();
  await dialog.getByLabel("How many").fill("12");
  await dialog.locator("button.primary").click();
  await dialog.getByText(/12/).first().waitFor();
  await person.page.keyboard.press("Escape");
  await person.reads("12 vouchers");
  await person.click("link", "Attempts");
  await person.see("heading", "Attempts").first().waitFor();
  const [product] = (await get("/products?text=sprout")).results;
  const [user] = (await get("/users?name=Robin")).results;
  await fetch(`${SERVER}/authorizations/users/${user.id}/products/${product.id}`, {
    method: "PUT",
    headers: { authorization: `Bearer ${token}` },
  });
  await person.page.locator("main").getByText(product.name).first().waitFor();
  await person.isSeen("administration-attempts-made");

  // What is deleted is asked for, and is in the audit log.
  await person.click("link", "Users");
  await person.click("button", /^Delete .*Robin/);
  await person.isFitForAll("the dialog of a deletion");
  await dialog.locator("button", { hasText: "Cancel" }).click();
  check((await get("/users?name=Robin")).total_entries === 1, "nobody is deleted without consent");
  await person.click("button", /^Delete .*Robin/);
  await dialog.locator("button.danger").click();
  await person.see("button", /^Delete .*Robin/).waitFor({ state: "detached" });
  check((await get("/users?name=Robin")).total_entries === 0, "the user is gone");
  await person.click("link", "Audit log");
  await person.reads(/delete/);
  person.isContent();
});
