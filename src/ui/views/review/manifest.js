/** A manifest to be read: by its parts, each of which can be folded away, and as it was sent. */

import { h } from "../../base/dom.js";
import { title } from "../../base/format.js";
import { facts } from "../../parts/small.js";

/** @typedef {import("../../base/dom.js").Child} Child */

/** Parts by which one begins. */
const OPEN = /^(product|product\.facts|product\.build|configuration(\[\d+\](\.task(\[\d+\])?)?)?)$/;
/** By what the entries of lists are called. */
const NAMES = ["name", "label", "key", "control", "service", "caption", "uri", "attribution"];
/** What stands first, whatever the order in the file. */
const FIRST = ["product", "facts", "build", "configuration"];

/** @param {any} manifest */
export function manifestOf(manifest) {
    return h(
        "div",
        { class: "manifest" },
        entries(manifest, ""),
        h("details", { key: "source" }, h("summary", {}, "As JSON"), h("pre", { tabindex: "0" }, JSON.stringify(manifest, null, 2))),
    );
}

/**
 * The entries of an object: plain values first, then what has parts.
 * @param {Record<string, any>} object @param {string} place
 * @returns {Child}
 */
function entries(object, place) {
    const all = Object.entries(object);
    const plain = all.filter(([, value]) => isPlain(value));
    const rank = (/** @type {string} */ name) => FIRST.indexOf(name) + 1 || FIRST.length + 1;
    const parts = all.filter(([, value]) => !isPlain(value)).sort(([one], [other]) => rank(one) - rank(other));
    return [
        plain.length > 0 ? facts(plain.map(([name, value]) => [title(name), text(value)])) : null,
        parts.map(([name, value]) => part(title(name), value, place ? `${place}.${name}` : name)),
    ];
}

/** @param {string} name @param {any} value @param {string} place @returns {Child} */
function part(name, value, place) {
    const isList = Array.isArray(value);
    const one = (/** @type {any} */ entry, /** @type {number} */ index) =>
        isPlain(entry) ? h("p", { key: index }, text(entry)) : part(called(entry, index), entry, `${place}[${index}]`);
    const inside = isList ? value.map(one) : entries(value, place);
    return h(
        "details",
        { key: place, open: OPEN.test(place) },
        h("summary", {}, name, isList ? h("span", { class: "quiet" }, ` ${value.length}`) : null),
        h("div", { class: "inside" }, inside),
    );
}

/** What an entry of a list is called. @param {any} entry @param {number} index */
function called(entry, index) {
    const values = NAMES.map((field) => entry[field]);
    return values.find((value) => typeof value === "string" && value) ?? `Number ${index + 1}`;
}

/** Whether something is said in a line: a list of words, too. @param {any} value */
function isPlain(value) {
    if (Array.isArray(value)) return value.every((entry) => typeof entry !== "object" || entry === null);
    return typeof value !== "object" || value === null;
}

/** @param {any} value @returns {Child} */
function text(value) {
    if (typeof value === "string" && value.includes("\n")) return h("span", { class: "prose" }, value);
    if (Array.isArray(value)) return value.length > 0 ? value.join(", ") : "none";
    if (value === true) return "yes";
    if (value === false) return "no";
    return value === null ? "nothing" : String(value);
}
