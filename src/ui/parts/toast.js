/** What was just done, or was refused: said once, to readers of screens too, and gone by itself. */

import { h, render } from "../base/dom.js";
import { words } from "../base/view.js";

/** For how long it stays, in milliseconds. */
const STAYS = 6_000;

/** @type {{id: number, text: string, kind: string}[]} */
let toasts = [];
let next = 0;

/** @param {string} text @param {"done" | "error"} [kind] */
export function say(text, kind = "done") {
    const toast = { id: (next += 1), text, kind };
    toasts = [...toasts.slice(-3), toast];
    draw();
    setTimeout(() => {
        toasts = toasts.filter((one) => one !== toast);
        draw();
    }, STAYS);
}

/**
 * Does something, and says what came of it.
 * @template T
 * @param {() => Promise<T>} deed @param {string} [done] What to say when it is.
 * @returns {Promise<T | undefined>}
 */
export async function attempt(deed, done) {
    try {
        const made = await deed();
        if (done) say(done);
        return made;
    } catch (error) {
        say(words(error), "error");
        return undefined;
    }
}

function draw() {
    const host = document.getElementById("toasts");
    if (host)
        render(
            host,
            toasts.map(({ id, text, kind }) => h("p", { key: id, class: `toast ${kind}` }, text)),
        );
}
