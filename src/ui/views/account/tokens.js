/** Tokens: what one's programs sign in with. */

import { all, get, send } from "../../base/api.js";
import { h } from "../../base/dom.js";
import { date } from "../../base/format.js";
import { ask, consent, dialog } from "../../parts/dialog.js";
import { copyable, empty, section, state, table, when } from "../../parts/small.js";
import { attempt } from "../../parts/toast.js";
import { button } from "./button.js";

/** The name of tokens that are sessions. */
const SESSION = "Session";
/** How long a token holds unless one says otherwise, in milliseconds: ninety days. */
const USUAL = 90 * 86_400_000;

/** @type {import("../../base/form.js").Field[]} */
const FIELDS = [
    { name: "name", required: true, placeholder: "Backups of the ward", help: "What it is for." },
    { name: "expires_at", label: "Ends", kind: "time", required: true },
    {
        name: "scopes",
        kind: "list",
        placeholder: "products.read\nbuilds.*",
        help: "What it may be used for, one in a line: products.read, products.* or *.read. Without any: all that you may.",
    },
];

/** @type {import("../account.js").Part<{path: string, tokens: any[], own: string | null}>} */
export const tokens = {
    label: "Tokens",

    async load(me, signal) {
        const path = `/users/${me.id}/tokens`;
        const [tokens, status] = await Promise.all([
            all(path, { sort: "created_at", order: "descending" }, signal),
            get("/status", undefined, signal),
        ]);
        return { path, tokens, own: status.jwt?.id ?? null };
    },

    view({ path, tokens, own }, view) {
        const create = async () => {
            /** @type {any} */
            let made;
            await ask("Make a token", {
                fields: FIELDS,
                values: { expires_at: new Date(Date.now() + USUAL).toISOString() },
                action: "Make it",
                submit: async (values) => {
                    made = await send("POST", path, values);
                },
            });
            if (made) await reveal(made);
            await view.refresh();
        };
        const rotate = async (/** @type {any} */ token) => {
            const text = "The token that is in use now counts for nothing from then on. Whatever uses it has to take the new one.";
            if (!(await consent(`Replace ${nameOf(token)}?`, text, "Replace"))) return;
            const made = await attempt(() => send("POST", `${token.path}/rotate`));
            if (made) await reveal(made);
            await view.refresh();
        };
        const revoke = async (/** @type {any} */ token) => {
            const who =
                token.id === own ? "You are signed in with it here, and will be signed out." : "Whatever uses it is signed out at once.";
            const text = `${who} This can't be undone.`;
            if (!(await consent(`Revoke ${nameOf(token)}?`, text, "Revoke"))) return;
            await attempt(() => send("DELETE", token.path), "The token was revoked.");
            await view.refresh();
        };
        const make = h("button", { type: "button", class: "primary", onclick: create }, "Make a token");
        if (tokens.length === 0) {
            return section("Tokens", empty("No tokens", "A token lets a program, such as mkt, do on your behalf what you allow it.", make));
        }
        return section(
            "Tokens",
            table(
                "Tokens",
                [
                    ["Name", (token) => [nameOf(token), token.id === own ? [" ", h("span", { class: "chip accent" }, "this one")] : null]],
                    ["May", (token) => (token.scopes.length > 0 ? h("code", {}, token.scopes.join(" ")) : "all that you may")],
                    [
                        "Ends",
                        (token) => (isOver(token) ? state("expired") : h("time", { datetime: token.expires_at }, date(token.expires_at))),
                    ],
                    ["Last used", (token) => when(token.last_used_at)],
                    [
                        "",
                        (token) =>
                            h(
                                "span",
                                { class: "actions end" },
                                token.name === SESSION || isOver(token) ? null : button("Replace", nameOf(token), () => rotate(token)),
                                button("Revoke", nameOf(token), () => revoke(token), "danger"),
                            ),
                    ],
                ],
                tokens,
                (token) => token.id,
            ),
            make,
        );
    },
};

/** @param {any} token */
function nameOf(token) {
    return token.name === SESSION ? "A sign-in" : (token.name ?? "A token without a name");
}

/** @param {any} token */
function isOver(token) {
    return new Date(token.expires_at).getTime() <= Date.now();
}

/** Shows a token, which nobody can do again. @param {any} made */
function reveal(made) {
    return dialog(`The token ${made.name ?? ""}`, (close) => [
        h("p", { class: "notice warning" }, "Copy it now. It is not shown again, and the marketplace keeps no copy."),
        copyable(made.token, "token"),
        h("p", { class: "actions" }, h("button", { type: "button", class: "primary", onclick: close }, "I have it")),
    ]);
}
