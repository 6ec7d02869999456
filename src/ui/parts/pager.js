/** The way through the pages of an index, by links that can be shared. */

import { h } from "../base/dom.js";
import { count } from "../base/format.js";

/** @param {import("../base/api.js").Page} page @param {(page: number) => string} address */
export function pager(page, address) {
    if (page.total_pages <= 1) return null;
    const { current_page: current, total_pages: last } = page;
    const around = [1, current - 1, current, current + 1, last].filter((number) => number >= 1 && number <= last);
    const numbers = [...new Set(around)].sort((one, other) => one - other);
    const link = (/** @type {number} */ number, /** @type {string} */ label, /** @type {string} */ name) =>
        h("a", { href: address(number), "aria-label": name, rel: number < current ? "prev" : "next" }, label);
    return h(
        "nav",
        { class: "pager", "aria-label": "Pages" },
        current > 1 ? link(current - 1, "← Previous", "Previous page") : h("span", {}),
        h(
            "ol",
            {},
            numbers.map((number, index) => [
                index > 0 && number - numbers[index - 1] > 1 ? h("li", { key: `gap-${number}`, "aria-hidden": "true" }, "…") : null,
                h(
                    "li",
                    { key: number },
                    h(
                        "a",
                        { href: address(number), "aria-current": number === current ? "page" : undefined, "aria-label": `Page ${number}` },
                        count(number),
                    ),
                ),
            ]),
        ),
        current < last ? link(current + 1, "Next →", "Next page") : h("span", {}),
    );
}
