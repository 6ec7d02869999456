/** Deleting what can't be taken back: asked before, and asked again where the marketplace tells that people would lose rights with it. */

import { Refusal, send } from "../base/api.js";
import { h } from "../base/dom.js";
import { several } from "../base/format.js";
import { words } from "../base/view.js";
import { consent } from "./dialog.js";
import { say } from "./toast.js";

/** How much of a name is said in a heading. */
const LONGEST = 60;

/**
 * @param {string} name What it is called, such as `badge Gold`.
 * @param {string} path
 * @param {string} consequences What goes with it.
 * @param {string} [deed] What the button says.
 * @returns {Promise<boolean>} Whether it is gone.
 */
export async function remove(name, path, consequences, deed = "Delete") {
    const short = name.length > LONGEST ? `${name.slice(0, LONGEST)}…` : name;
    if (!(await consent(`${deed} ${short}?`, consequences, deed))) return false;
    try {
        try {
            await send("DELETE", path);
        } catch (error) {
            if (!(error instanceof Refusal) || error.status !== 409 || !error.details.entitlements) throw error;
            const { users, entitlements, claims } = error.details;
            const lost = `${several(entitlements, "entitlement")} and ${several(claims, "claim")}`;
            const loss = `${several(users, "user")} would lose ${lost} with it. This can't be taken back.`;
            if (!(await consent(`${deed} ${short} all the same?`, loss, `${deed} all of it`))) return false;
            await send("DELETE", path, undefined, { query: { force: true } });
        }
        say(`Done: ${deed.toLowerCase()} ${short}.`);
        return true;
    } catch (error) {
        say(words(error), "error");
        return false;
    }
}

/**
 * The button of a row that removes it.
 * @param {string} word What it says. @param {string} name Of what is removed. @param {() => unknown} deed
 */
export function removal(word, name, deed) {
    const button = { type: "button", class: "small danger", "aria-label": `${word} ${name}`, onclick: deed };
    return h("span", { class: "actions" }, h("button", button, word));
}
