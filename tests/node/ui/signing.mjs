// Somebody signs in with a real OpenID provider, in two tabs, and is signed out from elsewhere.

import { api, check, journey } from "./browser.mjs";

/** Goes through the provider's pages: who one is, and that one agrees. */
export async function signInAt(person, provider, login) {
  await person.click("button", `Continue with ${provider}`);
  await person.page.locator("input[name=login]").fill(login);
  await person.page.locator("input[name=password]").fill("any");
  await person.page.locator("button[type=submit]").click();
  await person.page.locator("form button[type=submit]").click();
  await person.page.waitForURL(/\/ui\//);
  await person.see("button", "Sign out").waitFor();
}

if (import.meta.filename === process.argv[1]) {
  await journey(async (arrive) => {
    const person = await arrive();
    const visited = [];
    person.page.on("framenavigated", (frame) => visited.push(frame.url()));
    await person.go("?text=retina");
    await person.click("link", "Sign in");
    await person.see("heading", "Sign in").waitFor();
    await signInAt(person, "ES256", "ada");
    await person.reads("Signed in as ada Example");
    check(person.page.url().endsWith("/ui/?text=retina"), `back where one was: ${person.page.url()}`);
    const token = await person.page.evaluate(() => sessionStorage.getItem("mkt.token"));
    check(token.split(".").length === 3 && !visited.some((url) => url.includes(token)), "the token is in no address");
    check(
      (await person.page.context().cookies()).every(({ value }) => value !== token),
      "the token is in no cookie",
    );

    // Another tab has the same session, without asking anybody.
    const second = await person.page.context().newPage();
    await second.goto(person.page.url());
    await second.getByText("Signed in as ada Example").waitFor();

    // An administrator takes the session away: both tabs say so, and go on as nobody's.
    person.expected.push("401", "WebSocket");
    await api("DELETE", "/session", undefined, token);
    await person.page.getByLabel("Search products").fill("hl7");
    await person.reads("Your session has ended. Please sign in again.");
    await person.see("link", "Sign in").waitFor();
    await person.reads(/^1 product$/);
    check(!(await person.page.evaluate(() => sessionStorage.getItem("mkt.token"))), "the token is forgotten");

    // A code that nobody here asked for signs nobody in.
    await person.page.goto(`${new URL(person.page.url()).origin}/ui/sign-in?code=stolen`);
    await person.reads("This sign-in was started in another tab. Please start again.");
    check(!person.page.url().includes("stolen"), person.page.url());
    await person.page.goto(`${new URL(person.page.url()).origin}/ui/?jwt=${token}`);
    await person.see("link", "Sign in").waitFor();
    check(!person.page.url().includes(token), "a token in the address is taken out of it");

    // One who refuses at the provider is told, and is where one was.
    const other = await arrive();
    await other.go("sign-in");
    await other.click("button", "Continue with ES256");
    await other.page.getByText("Cancel").click();
    await other.page.waitForURL(/\/ui\//);
    await other.reads(/refused the sign-in/);
    other.isContent();
    person.isContent();
  });
}
