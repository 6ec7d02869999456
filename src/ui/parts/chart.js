/** Charts of numbers that a table tells too: bars by SVG without text of its own, so that words keep their size at any width. */

import { h } from "../base/dom.js";
import { count } from "../base/format.js";

/**
 * What is counted: its class, and what it is called. The first is filled and the second outlined, whatever colours one sees.
 * @typedef {[string, string][]} Series
 */

/** How wide a column is with the gap to the next, of the chart's own units. */
const STEP = 10;
const GAP = 2;
const HEIGHT = 100;

/** The least round number that is not less. @param {number} most */
function ceiling(most) {
    const power = 10 ** Math.floor(Math.log10(Math.max(most, 1)));
    return [1, 2, 5, 10].map((factor) => factor * power).find((round) => round >= most && round >= 2) ?? most;
}

/** @param {Series} series */
function legend(series) {
    const sample = (/** @type {string} */ kind) =>
        h(
            "svg",
            { class: "sample", viewBox: "0 0 10 10", "aria-hidden": "true" },
            h("rect", { class: kind, x: 1, y: 1, width: 8, height: 8 }),
        );
    return h(
        "ul",
        { class: "legend", "aria-label": "Legend" },
        series.map(([kind, name]) => h("li", { key: kind }, sample(kind), name)),
    );
}

/**
 * Columns side by side, one upon another for each of what is counted.
 * @param {string} label What they show, in a sentence.
 * @param {Series} series
 * @param {{name: string, values: number[]}[]} rows
 */
export function columns(label, series, rows) {
    const top = ceiling(Math.max(...rows.map(({ values }) => values.reduce((sum, value) => sum + value, 0))));
    const bars = rows.map(({ name, values }, index) => {
        let foot = HEIGHT;
        const parts = values.map((value, which) => {
            const height = (value / top) * HEIGHT;
            foot -= height;
            return value > 0
                ? h("rect", { key: which, class: series[which][0], x: index * STEP + GAP / 2, y: foot, width: STEP - GAP, height })
                : null;
        });
        const said = values.map((value, which) => `${count(value)} ${series[which][1].toLowerCase()}`).join(", ");
        // The whole height tells its numbers to a mouse, not only the bar.
        return h(
            "g",
            { key: name },
            h("title", {}, `${name}: ${said}`),
            h("rect", { class: "ground", x: index * STEP, y: 0, width: STEP, height: HEIGHT }),
            parts,
        );
    });
    const width = rows.length * STEP;
    const lines = [0, HEIGHT / 2, HEIGHT].map((y) => h("line", { key: y, x1: 0, x2: width, y1: y, y2: y }));
    const days = [rows[0], rows[Math.floor((rows.length - 1) / 2)], rows[rows.length - 1]];
    return h(
        "figure",
        { class: "chart" },
        legend(series),
        h(
            "div",
            { class: "scale", "aria-hidden": "true" },
            [top, top / 2, 0].map((value) => h("span", { key: value }, Number.isInteger(value) ? count(value) : "")),
        ),
        h(
            "svg",
            { class: "plot", viewBox: `0 0 ${width} ${HEIGHT}`, preserveAspectRatio: "none", role: "img", "aria-label": label },
            h("g", { class: "lines" }, lines),
            bars,
        ),
        h(
            "div",
            { class: "axis", "aria-hidden": "true" },
            days.map(({ name }, index) => h("span", { key: index }, name)),
        ),
    );
}

/**
 * One bar, for a cell of a table that tells its numbers.
 * @param {Series} series @param {number[]} values @param {number} most What the longest bar has.
 */
export function bar(series, values, most) {
    let start = 0;
    const parts = values.map((value, which) => {
        const width = (value / Math.max(most, 1)) * 100;
        start += width;
        return value > 0 ? h("rect", { key: which, class: series[which][0], x: start - width, y: 1, width, height: 8 }) : null;
    });
    return h("svg", { class: "share", viewBox: "0 0 100 10", preserveAspectRatio: "none", "aria-hidden": "true" }, parts);
}
