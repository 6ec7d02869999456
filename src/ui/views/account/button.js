/** The button of a row, which says for readers of screens which row it is about. */

import { h } from "../../base/dom.js";

/** @param {string} label @param {string} about @param {() => unknown} onclick @param {string} [kind] */
export function button(label, about, onclick, kind = "") {
    return h("button", { key: label, type: "button", class: `small ${kind}`, "aria-label": `${label} ${about}`, onclick }, label);
}
