/** Narrowing a list down: its search, filters and order stand in the address, by the names that the API has for them. */

import { h } from "../../base/dom.js";
import "../../base/pick.js";
import { go, to } from "../../base/router.js";
import { Typing } from "../../base/typing.js";

/**
 * @typedef {object} Filter
 * @property {string} name As in the API.
 * @property {string} label
 * @property {string} [placeholder]
 * @property {[string, string][]} [choices] Values with what they are called; whatever one likes without.
 * @property {import("../../base/pick.js").Find} [find] Where it is the id of something: finds it by what is typed.
 * @property {(id: string, signal: AbortSignal) => Promise<import("../../base/pick.js").Option | null>} [known] What an id is called.
 * @property {boolean} [day] Where it is an instant: it is the first of a day, of those of UTC.
 * @property {RegExp} [whole] What the API takes: before it is typed as a whole nothing is filtered by it.
 */
/** @typedef {Record<string, import("../../base/pick.js").Option | null>} Known */

export class Narrowing {
    /**
     * @param {{query: URLSearchParams, isConnected: boolean}} view Whose address it is.
     * @param {string} path Of the view.
     * @param {Filter[]} filters
     * @param {[string, string][]} sorts Fields, with a minus for the greatest first, and what each order is called. The first is the usual.
     */
    constructor(view, path, filters, sorts) {
        this.view = view;
        this.path = path;
        this.filters = filters;
        this.sorts = sorts;
        this.typing = new Typing(view, (changed) => this.with(changed));
    }

    /** What the address asks for, as the API takes it. */
    get asked() {
        const { query } = this.view;
        const sort = query.get("sort") || this.sorts[0]?.[0] || "";
        const order = sort.startsWith("-") ? "descending" : "ascending";
        const fits = (/** @type {Filter} */ { name, whole }) => whole?.test(query.get(name) ?? "") ?? true;
        const filters = Object.fromEntries(this.filters.filter(fits).map(({ name }) => [name, query.get(name)]));
        return { ...filters, ...(sort ? { sort: sort.replace("-", ""), order } : {}), page: query.get("page") ?? 1 };
    }

    /** Whether something is left out. */
    get isNarrow() {
        return this.filters.some(({ name }) => this.view.query.get(name));
    }

    /** The address with something else in it; from the first page on. @param {Record<string, string | null>} changed */
    with(changed) {
        return to(this.path, { ...Object.fromEntries(this.view.query), page: null, ...changed });
    }

    /** The address of all there is. */
    get all() {
        return this.with(Object.fromEntries(this.filters.map(({ name }) => [name, null])));
    }

    /** What the ids in the address are called. @param {AbortSignal} signal @returns {Promise<Known>} */
    async known(signal) {
        const asked = this.filters.filter(({ name, known }) => known && this.view.query.get(name));
        return Object.fromEntries(
            await Promise.all(asked.map(async ({ name, known }) => [name, await known?.(this.view.query.get(name) ?? "", signal)])),
        );
    }

    /** @param {Known} known */
    controls(known) {
        const chooses = this.sorts.length > 1;
        if (this.filters.length === 0 && !chooses) return null;
        const sort = (/** @type {any} */ event) => go(this.with({ sort: event.target.value }));
        return h(
            "form",
            {
                class: "narrowing",
                role: "search",
                "aria-label": "Narrow down",
                onsubmit: (/** @type {Event} */ event) => event.preventDefault(),
            },
            this.filters.map((filter) => this.#filter(filter, known)),
            chooses
                ? h(
                      "div",
                      { class: "field", key: "sort" },
                      h("label", { for: "narrow-sort" }, "Order"),
                      h(
                          "select",
                          { id: "narrow-sort", value: this.view.query.get("sort") || this.sorts[0][0], onchange: sort },
                          this.sorts.map(([value, label]) => h("option", { key: value, value }, label)),
                      ),
                  )
                : null,
        );
    }

    /** @param {Filter} filter @param {Known} known */
    #filter(filter, known) {
        const id = `narrow-${filter.name}`;
        return h("div", { class: "field", key: filter.name }, h("label", { for: id }, filter.label), this.#control(filter, id, known));
    }

    /** @param {Filter} filter @param {string} id @param {Known} known */
    #control({ name, placeholder, choices, find, day, whole }, id, known) {
        const value = this.view.query.get(name) ?? "";
        const set = (/** @type {any} */ event) => go(this.with({ [name]: event.target.value }));
        if (choices) {
            const options = [["", "All"], ...choices].map(([value, label]) => h("option", { key: value, value }, label));
            return h("select", { id, value, onchange: set }, options);
        }
        if (find) {
            const control = { id, placeholder: placeholder ?? "Any" };
            return h("mkt-pick", { name, find, known: known[name] ?? null, control, value, oninput: set });
        }
        if (day) return h("input", { id, type: "date", value, onchange: set });
        return h("input", {
            id,
            type: "search",
            autocomplete: "off",
            placeholder,
            maxlength: "255",
            "aria-invalid": whole && value && !whole.test(value) ? "true" : undefined,
            value: this.typing.text(name),
            oninput: this.typing.into(name),
        });
    }
}
