// A real browser on the web application of a running marketplace. What a page complains of fails the test, and so does what axe finds.

import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
/** Nothing that Chromium does by itself has a place in a test. */
const QUIET = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Where the marketplace is, its administrator's token, and where pictures go, if any are wanted. */
export const { MKT_SERVER: SERVER, MKT_TOKEN: ADMIN, MKT_PICTURES: PICTURES } = process.env;

/** How long anything may take on a busy machine, in milliseconds. */
const PATIENCE = Number(process.env.MKT_PATIENCE ?? 60_000);

export function check(is, told) {
  if (!is) throw new Error(told);
}

/** Asks the API, as who has this token. */
export async function api(method, path, body, token = ADMIN) {
  const headers = { accept: "application/json", authorization: `Bearer ${token}` };
  if (body !== undefined) headers["content-type"] = "application/json";
  const response = await fetch(SERVER + path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
  const answer = await response.json();
  check(response.ok, `${method} ${path}: ${response.status} ${JSON.stringify(answer)}`);
  return answer;
}

/** A new user with a role that permits this, such as `products.create`: their id and token. */
export async function person(name, permissions = []) {
  const permitted = {};
  for (const permission of permissions) {
    const [resource, verb] = permission.split(".");
    (permitted[resource] ??= {})[verb] = true;
  }
  const { id } = await api("POST", "/users", { name });
  const role = await api("POST", "/roles", { name: `role of ${name}`, permissions: permitted });
  await api("POST", `/roles/${role.id}/appointments`, { entity_type: "User", entity_id: id });
  const { token } = await api("POST", `/users/${id}/tokens`, { name: "browser", expires_at: "2099-01-31T00:00:00Z" });
  return { id, token };
}

/** Runs a journey in a browser, as a person of its own. */
export async function journey(walk) {
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: QUIET });
  try {
    await walk(async (options) => Person.arrive(browser, options));
  } catch (error) {
    let failed = 0;
    for (const context of browser.contexts()) {
      for (const page of context.pages()) {
        console.error(
          `at ${page.url()}\n${(
            await page
              .locator("main")
              .innerText()
              .catch(() => "")
          ).slice(0, 2000)}`,
        );
        if (PICTURES) await page.screenshot({ path: `${PICTURES}/failed-${(failed += 1)}.png`, fullPage: true }).catch(() => {});
      }
    }
    throw error;
  } finally {
    await browser.close();
  }
}

/** Somebody at a browser. */
export class Person {
  constructor(page) {
    this.page = page;
    this.complaints = [];
    /** What pages may complain of, for it is what is tried. */
    this.expected = [];
    page.on("console", (message) => {
      // What other pages complain of, such as those of a provider, is theirs.
      const isOurs = message.location().url.startsWith(SERVER);
      if (isOurs && ["error", "warning"].includes(message.type())) this.complaints.push(`${message.text()} ${message.location().url}`);
    });
    page.on("pageerror", (error) => this.complaints.push(error.stack ?? error.message));
  }

  static async arrive(browser, { width = 1280, height = 900, theme = "light", token } = {}) {
    const context = await browser.newContext({ viewport: { width, height }, colorScheme: theme, reducedMotion: "reduce" });
    context.setDefaultTimeout(PATIENCE);
    if (token) await context.addInitScript((token) => sessionStorage.setItem("mkt.token", token), token);
    return new Person(await context.newPage());
  }

  async go(path = "") {
    await this.page.goto(`${SERVER}/ui/${path}`);
    await this.settled();
  }

  /** Waits until a view is there with what it shows. */
  async settled() {
    await this.page.locator("main h1").first().waitFor({ state: "attached" });
    await this.page.locator("main [aria-busy=true]").waitFor({ state: "detached" });
  }

  /** What is seen, by what it is and how it is called. */
  see(role, name) {
    return this.page.getByRole(role, { name, exact: typeof name === "string" });
  }

  async click(role, name) {
    await this.see(role, name).first().click();
  }

  async fill(label, text) {
    await this.page.getByLabel(label).first().fill(text);
  }

  async reads(text) {
    await this.page.getByText(text).first().waitFor();
  }

  /** Finds nothing that keeps people out, and nothing that is wider than the window. */
  async isFitForAll(name) {
    await this.page.evaluate(AXE);
    const { violations } = await this.page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
    const told = violations.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.map(({ html }) => html.slice(0, 160)).join(" | ")}`);
    check(violations.length === 0, `${name}: ${told.join("\n")}`);
    const [wide, window] = await this.page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
    check(wide <= window, `${name} is ${wide} wide in a window of ${window}`);
  }

  /** A view as it is: in both themes, and at three widths, with a picture of each, where pictures are wanted. */
  async isSeen(name) {
    if (!PICTURES) return this.isFitForAll(name);
    mkdirSync(PICTURES, { recursive: true });
    const size = this.page.viewportSize();
    for (const theme of ["light", "dark"]) {
      await this.page.emulateMedia({ colorScheme: theme });
      for (const width of [360, 768, 1280]) {
        await this.page.setViewportSize({ width, height: size.height });
        await this.isFitForAll(`${name} (${theme}, ${width})`);
        await this.page.screenshot({ path: `${PICTURES}/${name}-${theme}-${width}.png`, fullPage: true });
      }
    }
    await this.page.emulateMedia({ colorScheme: "light" });
    await this.page.setViewportSize(size);
  }

  /** Nothing went wrong that was not meant to. */
  isContent() {
    const left = this.complaints.filter((complaint) => !this.expected.some((expected) => complaint.includes(expected)));
    check(left.length === 0, `the page complained: ${left.join("\n")}`);
  }
}
