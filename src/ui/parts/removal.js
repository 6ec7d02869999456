/** Deleting what can't be taken back: asked before, and asked again where the marketplace tells that people would lose rights with it. */

import { Refusal, send } from "../base/api.js";
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
            const loss = `${several(users, "user")} would lose ${several(entitlements, "entitlement")} and ${several(claims, "claim")} with it. This can't be taken back.`;
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
