/** Small pieces that many pages have. */

import { h } from "../base/dom.js";
import { ago, moment } from "../base/format.js";
import { say } from "./toast.js";

/** @typedef {import("../base/dom.js").Child} Child */

/** An instant as how long ago it is, with the instant itself. @param {string | null | undefined} time */
export function when(time) {
    return time ? h("time", { datetime: time, title: moment(time) }, ago(time)) : h("span", { class: "quiet" }, "never");
}

/** What words stand for good, bad, or something to wait for. @type {Record<string, string>} */
const MOODS = {
    published: "good",
    running: "good",
    online: "good",
    granted: "good",
    enabled: "good",
    valid: "good",
    succeeded: "good",
    active: "good",
    submitted: "busy",
    validated: "busy",
    pending: "busy",
    pulling: "busy",
    starting: "busy",
    updating: "busy",
    deploying: "busy",
    stopping: "busy",
    waiting: "busy",
    grace: "busy",
    failed: "bad",
    rejected: "bad",
    refused: "bad",
    blocked: "bad",
    denied: "bad",
    offline: "bad",
    yanked: "bad",
    revoked: "bad",
    expired: "bad",
    unauthorized: "bad",
};

/** A state as a chip: the word carries the meaning, and colour goes along. @param {string | null | undefined} word */
export function state(word) {
    return word ? h("span", { class: `chip ${MOODS[word] ?? ""}` }, word) : null;
}

/** A text with a button that copies it. @param {string} text @param {string} [name] What it is, for readers of screens. */
export function copyable(text, name = "text") {
    const copy = async () => {
        try {
            await navigator.clipboard.writeText(text);
            say("Copied.");
        } catch {
            say("This browser does not let pages copy. Select the text and copy it yourself.", "error");
        }
    };
    return h(
        "span",
        { class: "copyable" },
        h("code", { title: text }, text),
        h("button", { type: "button", class: "small", "aria-label": `Copy ${name}`, onclick: copy }, "Copy"),
    );
}

/** Names with their values, of which those without one are left out. @param {[string, Child][]} rows */
export function facts(rows) {
    const stated = rows.filter(([, value]) => value !== null && value !== undefined && value !== "" && value !== false);
    return h(
        "dl",
        { class: "facts" },
        stated.map(([name, value]) => h("div", { key: name }, h("dt", {}, name), h("dd", {}, value))),
    );
}

/** Where there is nothing, and what could be done about it. @param {string} title @param {Child} help @param {...Child} actions */
export function empty(title, help, ...actions) {
    return h(
        "section",
        { class: "empty" },
        h("h2", {}, title),
        h("p", {}, help),
        actions.length > 0 ? h("p", { class: "actions center" }, actions) : null,
    );
}

/**
 * A table that becomes a list of cards where there is no room for it.
 * @template Row
 * @param {string} caption
 * @param {[string, (row: Row) => Child][]} columns With no heading where it says itself what it is, such as buttons.
 * @param {Row[]} rows @param {(row: Row) => string} key
 */
export function table(caption, columns, rows, key) {
    return h(
        "div",
        { class: "scroll", tabindex: "0", role: "region", "aria-label": caption },
        h(
            "table",
            {},
            h("caption", { class: "hidden" }, caption),
            h(
                "thead",
                {},
                h(
                    "tr",
                    {},
                    columns.map(([name]) => h("th", { scope: "col" }, name || h("span", { class: "hidden" }, "Actions"))),
                ),
            ),
            h(
                "tbody",
                {},
                rows.map((row) =>
                    h(
                        "tr",
                        { key: key(row) },
                        columns.map(([name, cell]) => h("td", { "data-name": name || undefined }, cell(row))),
                    ),
                ),
            ),
        ),
    );
}

/** A heading with what can be done there. @param {Child} title @param {...Child} actions */
export function heading(title, ...actions) {
    return h("header", { class: "heading" }, h("h1", { tabindex: "-1" }, title), h("p", { class: "actions" }, actions));
}

/** A part of a page with a heading of its own. @param {string} title @param {Child} content @param {...Child} actions */
export function section(title, content, ...actions) {
    return h(
        "section",
        { class: "card", key: title },
        h("header", { class: "heading" }, h("h2", {}, title), h("p", { class: "actions" }, actions)),
        content,
    );
}

/** The way to where one is. @param {...[string, string]} steps Names with addresses. */
export function trail(...steps) {
    return h(
        "nav",
        { class: "trail", "aria-label": "You are here" },
        h(
            "ol",
            {},
            steps.map(([name, href]) => h("li", { key: href }, h("a", { href }, name))),
        ),
    );
}
