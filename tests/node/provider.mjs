// A real OpenID provider for the tests: `node provider.mjs CALLBACK` prints its issuer and serves until its input ends.
// Clients are called after the algorithm that their ID tokens are signed with. Lines of input change it:
// `rotate` gives it other keys, `rename NAME` other names of its people.

import { createServer } from "node:http";
import { generateKeyPairSync } from "node:crypto";
import { createInterface } from "node:readline";
import Provider from "oidc-provider";

// What the provider has to say of itself is not for the tests.
console.info = console.warn = () => {};

const [callback] = process.argv.slice(2);
let surname = "Example";

/** What the provider remembers, whichever keys it has. */
class Memory {
  static kept = new Map();
  constructor(model) {
    this.model = model;
  }
  key(id) {
    return `${this.model} ${id}`;
  }
  async upsert(id, payload) {
    Memory.kept.set(this.key(id), payload);
  }
  async find(id) {
    return Memory.kept.get(this.key(id));
  }
  async findByUid(uid) {
    return [...Memory.kept.values()].find((payload) => payload.kind === this.model && payload.uid === uid);
  }
  async consume(id) {
    (await this.find(id)).consumed = Math.floor(Date.now() / 1000);
  }
  async destroy(id) {
    Memory.kept.delete(this.key(id));
  }
  async revokeByGrantId(grant) {
    for (const [key, payload] of Memory.kept) if (payload.grantId === grant) Memory.kept.delete(key);
  }
}

function keys() {
  const made = [
    ["RS256", generateKeyPairSync("rsa", { modulusLength: 2048 })],
    ["ES256", generateKeyPairSync("ec", { namedCurve: "P-256" })],
    ["EdDSA", generateKeyPairSync("ed25519")],
  ];
  return made.map(([alg, { privateKey }]) => ({ ...privateKey.export({ format: "jwk" }), alg, use: "sig", kid: crypto.randomUUID() }));
}

function provider(issuer) {
  return new Provider(issuer, {
    clients: ["RS256", "ES256", "EdDSA"].map((alg) => ({
      client_id: alg,
      client_secret: `secret of ${alg}: a+%/=`,
      redirect_uris: callback.split(","),
      id_token_signed_response_alg: alg,
    })),
    adapter: Memory,
    jwks: { keys: keys() },
    cookies: { keys: ["of the tests"] },
    pkce: { required: () => true },
    enabledJWA: { idTokenSigningAlgValues: ["RS256", "ES256", "EdDSA"] },
    claims: { openid: ["sub"], profile: ["name", "given_name", "family_name", "locale"], email: ["email", "email_verified"] },
    conformIdTokenClaims: false,
    findAccount: (_, id) => ({
      accountId: id,
      claims: () => ({
        sub: id,
        name: `${id} ${surname}`,
        given_name: id,
        family_name: surname,
        locale: "en-GB",
        email: `${id}@example.org`,
        email_verified: !id.startsWith("unverified"),
      }),
    }),
  });
}

const server = createServer((request, response) => current.callback()(request, response));
let current;
let issuer;
server.listen(0, "127.0.0.1", () => {
  issuer = `http://127.0.0.1:${server.address().port}`;
  current = provider(issuer);
  console.log(issuer);
});

const input = createInterface({ input: process.stdin });
input.on("line", (line) => {
  const [command, argument] = line.split(" ");
  if (command === "rotate") current = provider(issuer);
  if (command === "rename") surname = argument;
  console.log(command);
});
input.on("close", () => process.exit(0));
