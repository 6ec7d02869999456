/** What differs between two states of something, place by place: what was there, and what is. */

import { h } from "../base/dom.js";

/** @typedef {{field: string, from: any, to: any}} Change */

/** @param {Change[]} list */
export function changes(list) {
    return h(
        "dl",
        { class: "changes" },
        list.map(({ field, from, to }, index) =>
            h(
                "div",
                { key: index },
                h("dt", {}, field, h("small", {}, from === null ? "new" : to === null ? "gone" : "changed")),
                from === null ? null : h("dd", {}, h("span", { class: "hidden" }, "before: "), h("del", {}, shown(from))),
                to === null ? null : h("dd", {}, h("span", { class: "hidden" }, "now: "), h("ins", {}, shown(to))),
            ),
        ),
    );
}

/** Whether a list is of words only. @param {any} value */
function isLine(value) {
    return Array.isArray(value) && value.every((entry) => typeof entry !== "object");
}

/** A value in lines of words. @param {any} value @param {string} [indent] @returns {string} */
function shown(value, indent = "") {
    if (value === "") return "“”";
    if (typeof value !== "object" || value === null) return String(value);
    const entries = Object.entries(value);
    if (entries.length === 0) return Array.isArray(value) ? "an empty list" : "nothing";
    if (isLine(value)) return value.join(", ");
    return entries
        .map(([name, entry]) => {
            const label = Array.isArray(value) ? "•" : `${name}:`;
            const isPart = typeof entry === "object" && entry !== null && Object.keys(entry).length > 0 && !isLine(entry);
            return `${indent}${label}${isPart ? "\n" : " "}${shown(entry, isPart ? `${indent}    ` : indent)}`;
        })
        .join("\n");
}
