/** The "Product Facts" of a build: what its maker states of it, in the manner of the panels on food. */

import { h } from "../base/dom.js";

/** @typedef {{name: string, value: string | null, details: string[], url: string | null, met: string | null}} Row */
/** @typedef {{id: string, title: string, stated: boolean, rows: Row[], more: number}} Group */

/** What a verdict is called. @type {Record<string, string>} */
const VERDICTS = { yes: "Yes", no: "No", please_verify: "Please verify" };

/** @param {any} label */
export function productFacts(label) {
    return h(
        "section",
        { class: "label", "aria-labelledby": "label-title" },
        h("h2", { id: "label-title" }, "Product Facts"),
        h("p", { class: "of" }, h("strong", {}, label.product.name), h("span", {}, `Version ${label.build.name}`)),
        h(
            "div",
            { class: "groups" },
            label.facts.map((/** @type {Group} */ one) => group(one, "h3")),
        ),
        h("h3", { class: "bar" }, label.platform ? `Compatibility with ${label.platform.name}` : "Compatibility requirements"),
        h(
            "div",
            { class: "groups" },
            label.requirements.map((/** @type {Group} */ one) => group(one, "h4")),
        ),
        h(
            "footer",
            {},
            label.notes.map((/** @type {string} */ note) => h("p", {}, note)),
        ),
    );
}

/** @param {Group} group @param {string} heading */
function group({ id, title, stated, rows, more }, heading) {
    const nothing = stated ? "None" : "Not stated";
    return h(
        "div",
        { class: "group", key: id },
        h(heading, { class: "title" }, title),
        rows.length === 0
            ? h("span", { class: "nothing" }, nothing)
            : h("ul", {}, rows.map(row), more > 0 ? h("li", { key: "more" }, `and ${more} more`) : null),
    );
}

/** @param {Row} row @param {number} index */
function row({ name, value, details, url, met }, index) {
    const said = met ? (VERDICTS[met] ?? met) : value;
    return h(
        "li",
        { key: index },
        h("span", { class: "name" }, url ? h("a", { href: url, rel: "noopener noreferrer" }, name) : name),
        said ? h("span", { class: met ? `value met-${met}` : "value" }, said) : null,
        details.filter((detail) => detail !== url).map((detail) => h("small", {}, detail)),
    );
}
