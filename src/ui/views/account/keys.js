/** Publisher keys: what one signs packages with. */

import { all, send } from "../../base/api.js";
import { h } from "../../base/dom.js";
import { ask, consent } from "../../parts/dialog.js";
import { copyable, empty, section, state, table, when } from "../../parts/small.js";
import { attempt } from "../../parts/toast.js";
import { button } from "./button.js";

/** @type {import("../../base/form.js").Field[]} */
const FIELDS = [
    { name: "name", required: true, placeholder: "Release machine" },
    {
        name: "public_key",
        kind: "long",
        required: true,
        placeholder: "-----BEGIN PUBLIC KEY-----",
        help: "The public half of an Ed25519 key, as PEM or JWK.",
    },
];

/** @type {import("../account.js").Part<{path: string, keys: any[]}>} */
export const keys = {
    label: "Publisher keys",

    async load(me, signal) {
        const path = `/users/${me.id}/publisher_keys`;
        return { path, keys: await all(path, {}, signal) };
    },

    view({ path, keys }, view) {
        const add = () =>
            ask("Add a publisher key", {
                intro: [
                    h("p", {}, "This makes a key, and prints the half that goes here. The file stays with you."),
                    copyable("mkt keygen publisher.key", "command"),
                ],
                fields: FIELDS,
                action: "Add",
                submit: async (values) => {
                    await send("POST", path, values);
                    await view.refresh();
                },
            });
        const revoke = async (/** @type {any} */ key) => {
            const text = "It signs nothing new from then on. What it signed stays, as of a key that was revoked. This can't be undone.";
            if (!(await consent(`Revoke ${key.name}?`, text, "Revoke"))) return;
            await attempt(() => send("POST", `${key.path}/revoke`), "The key was revoked.");
            await view.refresh();
        };
        const create = h("button", { type: "button", class: "primary", onclick: add }, "Add a key");
        if (keys.length === 0) {
            const help = "With a key you sign what you publish, so that others can check that it is yours.";
            return section("Publisher keys", empty("No publisher keys", help, create));
        }
        return section(
            "Publisher keys",
            table(
                "Publisher keys",
                [
                    ["Name", (key) => key.name],
                    ["Thumbprint", (key) => (key.fingerprint ? copyable(key.fingerprint, `thumbprint of ${key.name}`) : null)],
                    ["State", (key) => (key.revoked_at ? [state("revoked"), " ", when(key.revoked_at)] : state("valid"))],
                    ["Added", (key) => when(key.created_at)],
                    ["", (key) => (key.revoked_at ? null : button("Revoke", key.name, () => revoke(key), "danger"))],
                ],
                keys,
                (key) => key.id,
            ),
            create,
        );
    },
};
