/** Identity providers, by which people sign in. */

import { SERVER, send } from "../../base/api.js";
import { h } from "../../base/dom.js";
import { session } from "../../base/session.js";
import { consent } from "../../parts/dialog.js";
import { copyable, facts, section, state, when } from "../../parts/small.js";
import { attempt } from "../../parts/toast.js";
import { Page } from "./page.js";
import { address, list } from "./records.js";

/** @param {any} provider @param {() => void} again @param {string} size Of the button. */
function turn(provider, again, size) {
    if (!session.may("identity_providers", "update")) return null;
    const enable = async () => {
        if (await attempt(() => send("POST", `${provider.path}/enable`), `People can sign in with ${provider.name}.`)) again();
    };
    const disable = async () => {
        const told = "Nobody can sign in with it until it is enabled again. Who is signed in stays so until the session ends.";
        if (!(await consent(`Disable ${provider.name}?`, told, "Disable"))) return;
        if (await attempt(() => send("POST", `${provider.path}/disable`), `${provider.name} is disabled.`)) again();
    };
    return provider.enabled_at
        ? h("button", { type: "button", key: "turn", class: size, "aria-label": `Disable ${provider.name}`, onclick: disable }, "Disable")
        : h("button", { type: "button", key: "turn", class: size, "aria-label": `Enable ${provider.name}`, onclick: enable }, "Enable");
}

/** @type {import("./records.js").Kind} */
const PROVIDERS = {
    part: "identity_providers",
    title: "Identity providers",
    one: "identity provider",
    path: "/identity_providers",
    resource: "identity_providers",
    told: ["identity_provider"],
    lead: "OpenID Connect providers that people sign in with. One counts once it is enabled.",
    filters: [
        { name: "name", label: "Name" },
        { name: "issuer", label: "Issuer" },
        { name: "client_id", label: "Client id" },
    ],
    sorts: [
        ["name", "Name"],
        ["issuer", "Issuer"],
        ["-enabled_at", "Enabled last"],
        ["-created_at", "Newest"],
        ["-updated_at", "Changed last"],
    ],
    columns: [
        ["Name", (provider) => h("a", { class: "named", href: address(PROVIDERS, provider.id) }, provider.name)],
        ["Issuer", (provider) => provider.issuer],
        ["State", (provider) => standing(provider)],
        ["Asked last", (provider) => when(provider.discovered_at)],
    ],
    fields: (row) => [
        { name: "name", required: true, help: "What people see when they sign in." },
        {
            name: "issuer",
            kind: "url",
            required: true,
            placeholder: "https://",
            help: "Its issuer identifier; its configuration is found from there.",
        },
        { name: "client_id", label: "Client id", required: true, help: "What this marketplace is called there." },
        {
            name: "client_secret",
            label: "Client secret",
            kind: "secret",
            required: row === null,
            help: row ? "It is never shown. Leave it empty to keep the one there is." : "It is kept encrypted, and never shown again.",
        },
        { name: "alternate_client_id", label: "Another client id", help: "A further client of the provider whose ID tokens count here." },
        { name: "scopes", placeholder: "openid profile email", help: "What is asked for at sign-in, with blanks between." },
    ],
    called: (provider) => provider.name,
    loses: "All identities of it go too, with the sessions and tokens made by them. Their users stay, but can't sign in by it any more.",
    deeds: turn,
};
list("mkt-admin-providers", PROVIDERS);

/** @param {any} provider */
function standing(provider) {
    return state(provider.enabled_at ? "enabled" : "disabled");
}

class Provider extends Page {
    kind = PROVIDERS;

    async load(/** @type {AbortSignal} */ signal) {
        return { row: await this.row(signal) };
    }

    view(/** @type {any} */ { row }) {
        const keys = row.public_keys?.keys ?? [];
        const folded = (/** @type {string} */ name, /** @type {any} */ value) =>
            h("details", { key: name }, h("summary", {}, name), h("pre", { tabindex: "0" }, JSON.stringify(value, null, 2)));
        return [
            this.head(row, standing(row)),
            section("To register at the provider", [
                h(
                    "p",
                    { class: "quiet prose" },
                    "The provider sends people back to this address once they have signed in: it has to be a redirect URI of the client.",
                ),
                copyable(`${SERVER}/sessions`, "redirect URI"),
            ]),
            section(
                "Facts",
                facts([
                    ["Issuer", copyable(row.issuer, "issuer")],
                    ["Client id", row.client_id ? copyable(row.client_id, "client id") : null],
                    ["Client secret", row.client_id ? "kept, and never shown" : null],
                    ["Another client id", row.alternate_client_id],
                    ["Scopes", row.scopes],
                    ["Enabled", row.enabled_at ? when(row.enabled_at) : "no"],
                    ["Sign-in starts at", copyable(row.redirect_url, "sign-in address")],
                ]),
            ),
            section(
                "What it says of itself",
                row.configuration
                    ? [
                          h("p", { class: "quiet" }, "Asked ", when(row.discovered_at), "."),
                          folded("Configuration", row.configuration),
                          folded(keys.length === 1 ? "1 key" : `${keys.length} keys`, row.public_keys),
                      ]
                    : h(
                          "p",
                          { class: "quiet" },
                          "It was not asked for its configuration yet. That is done when somebody signs in with it first.",
                      ),
            ),
        ];
    }
}
customElements.define("mkt-admin-provider", Provider);
