/** The key of a platform: what its agent signs in with. */

import { h } from "../../base/dom.js";
import { copyable } from "../../parts/small.js";

/** @type {import("../../base/form.js").Field} */
export const KEY = {
    name: "public_key",
    label: "Public key",
    kind: "long",
    placeholder: "-----BEGIN PUBLIC KEY-----",
    help: "The public half of the agent's key, as PEM or JWK. You can add it later; without it no agent can sign in.",
};

/** How to come by one. @param {string} name The platform's. */
export function keyHelp(name) {
    const file = /^[\w-]+$/.test(name) ? name : "platform";
    return h(
        "details",
        { class: "help" },
        h("summary", {}, "How do I make a key?"),
        h("p", {}, "With OpenSSL, on the machine of the agent. The file is secret and stays there; the text that is printed goes here:"),
        copyable(`openssl genpkey -algorithm ed25519 -out ${file}.key`, "command"),
        copyable(`openssl pkey -in ${file}.key -pubout`, "command"),
        h("p", {}, "Or let ", h("code", {}, "mkt platform create"), " make both the platform and its key."),
    );
}
