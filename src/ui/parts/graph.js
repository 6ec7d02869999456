/** What a build needs and what it offers, as a small graph: what it stands on to the left, what it gives to the right. */

import { h } from "../base/dom.js";

/** @typedef {{name: string, kind: string, href?: string, note?: string}} Neighbour */

const WIDTH = 800;
const HEIGHT = 44;
const GAP = 12;
const BOX = 230;

/** @param {string} name @param {Neighbour[]} needs @param {Neighbour[]} offers */
export function graph(name, needs, offers) {
    const rows = Math.max(needs.length, offers.length, 1);
    const height = rows * (HEIGHT + GAP) + GAP;
    const middle = height / 2;
    const at = (/** @type {number} */ index, /** @type {number} */ of) => middle + (index - (of - 1) / 2) * (HEIGHT + GAP);
    const centre = (WIDTH - BOX) / 2;
    const left = needs.map((one, index) => side(one, 1, at(index, needs.length), [1 + BOX, at(index, needs.length), centre, middle]));
    const right = offers.map((one, index) =>
        side(one, WIDTH - BOX - 1, at(index, offers.length), [centre + BOX, middle, WIDTH - BOX - 1, at(index, offers.length)]),
    );
    const said = [needs.length > 0 && `needs ${names(needs)}`, offers.length > 0 && `offers ${names(offers)}`]
        .filter(Boolean)
        .join(", and ");
    return h(
        "div",
        { class: "scroll", tabindex: "0", role: "region", "aria-label": "Dependencies" },
        h(
            "svg",
            {
                class: "graph",
                viewBox: `0 0 ${WIDTH} ${height}`,
                role: "group",
                "aria-label": `${name} ${said || "needs and offers nothing"}`,
            },
            left,
            right,
            box({ name, kind: "this product" }, centre, middle, "own"),
        ),
    );
}

/** @param {Neighbour[]} neighbours */
function names(neighbours) {
    return neighbours.map(({ name, kind }) => `${kind} ${name}`).join(", ");
}

/** @param {Neighbour} one @param {number} x @param {number} y @param {number[]} line */
function side(one, x, y, [x1, y1, x2, y2]) {
    const bend = (x1 + x2) / 2;
    return [h("path", { class: "edge", d: `M${x1} ${y1}C${bend} ${y1} ${bend} ${y2} ${x2} ${y2}` }), box(one, x, y, "")];
}

/** @param {Neighbour} one @param {number} x @param {number} y @param {string} kind */
function box(one, x, y, kind) {
    const short = (/** @type {string} */ text) => (text.length > 27 ? `${text.slice(0, 26)}…` : text);
    const inside = [
        h("rect", { x, y: y - HEIGHT / 2, width: BOX, height: HEIGHT, rx: 6 }),
        h("text", { x: x + 10, y: y - 2, class: "name" }, short(one.name)),
        h("text", { x: x + 10, y: y + 14, class: "kind" }, short(one.note ?? one.kind)),
        h("title", {}, `${one.name}: ${one.note ?? one.kind}`),
    ];
    return one.href ? h("a", { href: one.href, class: `node ${kind}` }, inside) : h("g", { class: `node ${kind}` }, inside);
}
