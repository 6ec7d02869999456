/** Questions that have to be answered before one goes on. The browser's own dialogs keep the focus within, and give it back. */

import { h, render } from "../base/dom.js";
import { form } from "../base/form.js";

/** @typedef {import("../base/dom.js").Child} Child */

let number = 0;

/**
 * Opens a dialog, and answers when it is closed.
 * @param {string} title @param {(close: () => void) => Child} content
 * @returns {Promise<void>}
 */
export function dialog(title, content) {
    return new Promise((resolve) => {
        const element = document.createElement("dialog");
        const id = `dialog-${(number += 1)}`;
        element.setAttribute("aria-labelledby", id);
        const close = () => element.close();
        element.addEventListener("close", () => {
            element.remove();
            resolve();
        });
        render(element, [
            h(
                "header",
                {},
                h("h2", { id }, title),
                h("button", { type: "button", class: "icon", "aria-label": "Close", onclick: close }, "×"),
            ),
            h("div", { class: "body" }, content(close)),
        ]);
        document.body.append(element);
        element.showModal();
        // One goes on at the first field, not at the button that closes.
        /** @type {HTMLElement | null} */ (element.querySelector(".body :is(input, select, textarea)"))?.focus();
    });
}

/**
 * Asks for consent to what can't be taken back.
 * @param {string} title @param {string} text @param {string} deed What the button says.
 * @returns {Promise<boolean>}
 */
export async function consent(title, text, deed) {
    let isGiven = false;
    await dialog(title, (close) => {
        const yes = () => {
            isGiven = true;
            close();
        };
        return [
            h("p", {}, text),
            h(
                "p",
                { class: "actions" },
                h("button", { type: "button", class: "danger", onclick: yes }, deed),
                h("button", { type: "button", onclick: close, autofocus: true }, "Cancel"),
            ),
        ];
    });
    return isGiven;
}

/**
 * Asks for fields, in a dialog.
 * @param {string} title
 * @param {{fields: import("../base/form.js").Field[], values?: Record<string, any>, action?: string, intro?: Child,
 *     submit: (values: Record<string, any>) => Promise<unknown>}} given
 * @returns {Promise<boolean>} Whether it was done.
 */
export async function ask(title, { fields, values = {}, action = "Save", intro = null, submit }) {
    let isDone = false;
    await dialog(title, (close) => {
        const done = async (/** @type {Record<string, any>} */ entered) => {
            await submit(entered);
            isDone = true;
            close();
        };
        return [intro, form({ fields, values, action, submit: done, cancel: close })];
    });
    return isDone;
}
