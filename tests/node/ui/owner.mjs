// Somebody puts a product onto a platform of theirs, where a real agent runs it as a process; and looks after the account.

import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { api, check, journey, person as newcomer, SERVER } from "./browser.mjs";

const { MKT, MKT_FOLDER } = process.env;
const MANIFEST = JSON.parse(readFileSync(new URL("../../../docs/example/marketplace.json", import.meta.url), "utf8"));
MANIFEST.product.build.requires = [];
const { uuid: PRODUCT } = MANIFEST.product;
const NAME = MANIFEST.product.facts.name;

/** The task: a server that says where it is. */
const TASK = `import http.server, os
print("answers on", os.environ["PORT"], "with", os.environ["FHIR_URL"], flush=True)
http.server.HTTPServer(("127.0.0.1", int(os.environ["PORT"])), http.server.SimpleHTTPRequestHandler).serve_forever()
`;

const owner = await newcomer("owner");
const folder = `${MKT_FOLDER}/ward`;
mkdirSync(folder);
const environment = { PATH: process.env.PATH, HOME: folder, MKT_SERVER: SERVER, MKT_TOKEN: owner.token };

function mkt(...words) {
  const { status, stdout, stderr } = spawnSync(MKT, words, { env: environment, cwd: folder, encoding: "utf8" });
  check(status === 0, `mkt ${words.join(" ")}: ${stderr}`);
  return stdout.trim();
}

/** The platform's agent, with a runner of processes. */
function agent() {
  writeFileSync(`${folder}/task.py`, TASK);
  writeFileSync(`${folder}/operator.toml`, `[products."*"]\ncommand = ["python3", "-u", "${folder}/task.py"]\n`);
  const platform = mkt("platform", "list", "--output", "id");
  const more = {
    MKT_PLATFORM_ID: platform,
    MKT_PLATFORM_KEY_FILE: `${folder}/ward.key`,
    MKT_AGENT_STATE: `${folder}/state`,
    MKT_TOKEN: undefined,
  };
  return spawn(MKT, ["agent", "--runner", "process", "--operator", "operator.toml"], {
    env: { ...environment, ...more },
    cwd: folder,
    stdio: "ignore",
  });
}

let running;
try {
  await journey(async (arrive) => {
    await api("POST", "/packages", MANIFEST);
    const [offer] = (await api("GET", `/products/${PRODUCT}`)).product_licenses;
    const voucher = await api("POST", "/vouchers", { product_license_id: offer.id });
    const person = await arrive({ token: owner.token });

    // A voucher becomes a right, and the right is claimed.
    await person.go("account/vouchers");
    await person.isSeen("account-vouchers");
    person.expected.push("404", "422");
    await person.fill("Code", "NO-SUCH-CODE");
    await person.click("button", "Redeem");
    await person.reads("There is no such voucher");
    await person.fill("Code", voucher.code);
    await person.click("button", "Redeem");
    await person.page.getByRole("link", { name: "Entitlements" }).first().click();
    await person.click("button", "Use it yourself");
    await person.reads(/in use|You use|used by you|yourself/i);
    await person.isSeen("account-entitlements");

    // A platform, made on its machine: it appears, and its agent, too.
    await person.go("platforms");
    await person.isSeen("platforms-empty");
    mkt("platform", "create", "ward", "--key", "ward.key");
    await person.see("link", "ward").waitFor();
    running = agent();
    await person.reads("online");
    await person.isSeen("platforms");

    // From the catalogue onto the platform: what is missing is said, then it runs, and all of it is seen as it happens.
    await person.go(`products/${PRODUCT}`);
    await person.click("link", "Deploy to…");
    await person.see("button", "Deploy to ward").waitFor();
    await person.isSeen("deploy");
    await person.click("button", "Deploy to ward");
    await person.reads("FHIR_URL is required.");
    await person.fill("FHIR_URL", "http://fhir.example.org");
    await person.click("button", "Deploy to ward");
    await person.page.waitForURL(/instances/);
    await person.page.locator(".chip", { hasText: "running" }).first().waitFor();
    await person.reads(/answers on \d+ with http:\/\/fhir.example.org/);
    await person.isSeen("instance");
    // What it prints later is told, long before it is looked at again in any case.
    const [, port] = /answers on (\d+)/.exec(await person.page.locator("pre.logs").innerText()) ?? [];
    await fetch(`http://127.0.0.1:${port}/asked-for`);
    await person.page.locator("pre.logs", { hasText: "asked-for" }).waitFor({ timeout: 30_000 });
    await person.click("button", "Stop");
    await person.page.locator(".chip", { hasText: "stopped" }).first().waitFor();
    await person.click("link", "ward");
    await person.see("heading", /^ward/).first().waitFor();
    await person.see("link", NAME).waitFor();
    await person.isSeen("platform");

    // A token is shown once; a device is let in; one's names are one's own.
    await person.go("account/tokens");
    await person.isSeen("account-tokens");
    await person.click("button", "Make a token");
    await person.fill("Name", "CI <b>");
    await person.isFitForAll("the dialog of a token");
    await person.page.locator("dialog button.primary").click();
    const secret = await person.page.locator("dialog code").first().innerText();
    check((await api("GET", "/status", undefined, secret)).identity.user_id === owner.id, "the token is good");
    await person.click("button", "I have it");
    await person.reads("CI <b>");
    check(!(await person.page.content()).includes(secret), "the token is gone from the page");
    const device = await fetch(`${SERVER}/device/code`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: '{"client": "terminal 7"}',
    });
    await person.go(`device?user_code=${(await device.json()).user_code}`);
    await person.reads("terminal 7");
    await person.isSeen("device");
    await person.click("button", "Approve");
    await person.reads(/signed in/);
    await person.go("account");
    await person.fill("First name", "Ada");
    await person.page.locator("mkt-form button.primary").click();
    await person.reads(/Saved|saved|changed/);
    check((await api("GET", `/users/${owner.id}`)).first_name === "Ada", "the name is kept");
    await person.isSeen("account");
    for (const part of ["identities", "keys"]) {
      await person.go(`account/${part}`);
      await person.isSeen(`account-${part}`);
    }

    person.isContent();
  });
} finally {
  running?.kill();
}
