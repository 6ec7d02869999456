/** The catalogue: search as one types, facets, order, pages. All of it stands in the address. */

import { get } from "../base/api.js";
import { h } from "../base/dom.js";
import { count, several } from "../base/format.js";
import { go, to } from "../base/router.js";
import { session } from "../base/session.js";
import { Typing } from "../base/typing.js";
import { View } from "../base/view.js";
import { pager } from "../parts/pager.js";
import { logo } from "../parts/picture.js";
import { empty } from "../parts/small.js";

const PER_PAGE = 24;
/** How many values of a facet are shown before one asks for more. */
const FEW = 8;

/** The facets, by the filters of the API. @type {[string, string][]} */
const FACETS = [
    ["mime_type", "Kind"],
    ["domain", "Domain"],
    ["license_id", "Licence"],
    ["badge_id", "Badge"],
];

/** @type {[string, string][]} */
const ORDERS = [
    ["", "Best match"],
    ["name", "Name"],
    ["-published_at", "Newest"],
    ["-updated_at", "Changed last"],
];

/** @typedef {{value: string, name: string | null, count: number}} Value */

/** @extends {View<import("../base/api.js").Page>} */
class Catalogue extends View {
    #typing = new Typing(this, (changed) => this.#with(changed));
    /** What is found has in common; it may come later than what is found. @type {Record<string, Value[]>} */
    #facets = {};
    /** Whether there is room for the facets beside. */
    #isWide = matchMedia("(min-width: 60rem)").matches;
    /** Facets of which all values are shown. */
    #unfolded = new Set();

    get name() {
        return this.query.get("text") ? `“${this.query.get("text")}”` : "Catalogue";
    }

    started() {
        this.follow("CatalogChannel");
    }

    /** What the address asks for, as the API takes it. */
    get #filters() {
        const filters = Object.fromEntries(FACETS.map(([name]) => [name, this.query.get(name)]));
        return { text: this.query.get("text"), ...filters, published: true };
    }

    async load(/** @type {AbortSignal} */ signal) {
        const order = this.query.get("sort") ?? "";
        const sort = order ? { sort: order.replace("-", ""), order: order.startsWith("-") ? "descending" : "ascending" } : {};
        const page = get("/products", { ...this.#filters, ...sort, page: this.query.get("page") ?? 1, per_page: PER_PAGE }, signal);
        // Nobody waits for these; without them the catalogue is as good, and whatever is wrong is told for the page.
        const facets = get("/products/facets", this.#filters, signal).then((facets) => (this.#facets = facets));
        Promise.all([page, facets]).then(
            () => signal.aborted || this.draw(),
            () => {},
        );
        return page;
    }

    /** The address with something else in it; from the first page on. @param {Record<string, string | null>} changed */
    #with(changed) {
        const query = { ...Object.fromEntries(this.query), page: null, ...changed };
        return to("", query);
    }

    view(/** @type {import("../base/api.js").Page} */ page) {
        const found = page.total_entries;
        return h(
            "div",
            { class: "catalogue" },
            h("h1", { class: "hidden", tabindex: "-1" }, "Catalogue"),
            h(
                "form",
                { class: "search", role: "search", onsubmit: (/** @type {Event} */ event) => event.preventDefault() },
                h("label", { for: "search", class: "hidden" }, "Search products"),
                h("input", {
                    id: "search",
                    type: "search",
                    placeholder: "Search products by name or what they do",
                    autocomplete: "off",
                    value: this.#typing.text("text"),
                    oninput: this.#typing.into("text"),
                }),
                h("label", { for: "order", class: "hidden" }, "Order"),
                h(
                    "select",
                    {
                        id: "order",
                        value: this.query.get("sort") ?? "",
                        onchange: (/** @type {any} */ event) => go(this.#with({ sort: event.target.value })),
                    },
                    ORDERS.map(([value, label]) => h("option", { value, key: value }, label)),
                ),
            ),
            h(
                "aside",
                { "aria-label": "Narrow down" },
                h(
                    "details",
                    { open: this.#isWide },
                    h("summary", {}, "Narrow down"),
                    FACETS.map(([name, label]) => this.#facet(name, label)),
                ),
            ),
            h(
                "section",
                { class: "results", "aria-label": "Products" },
                h("p", { class: "found", role: "status" }, several(found, "product")),
                this.#chosen(),
                found === 0 ? this.#nothing() : h("ul", { class: "cards" }, page.results.map(card)),
                pager(page, (number) => this.#with({ page: String(number) })),
            ),
        );
    }

    /** The values of a facet. @param {string} name @param {string} label */
    #facet(name, label) {
        const values = this.#facets[name] ?? [];
        const chosen = new Set((this.query.get(name) ?? "").split(",").filter(Boolean));
        if (values.length === 0 && chosen.size === 0) return null;
        const all = this.#unfolded.has(name);
        const shown = all ? values : values.filter(({ value }, index) => index < FEW || chosen.has(value));
        const toggle = (/** @type {string} */ value) => {
            const next = new Set(chosen);
            if (!next.delete(value)) next.add(value);
            go(this.#with({ [name]: [...next].join(",") }));
        };
        const more = () => {
            this.#unfolded.add(name);
            this.draw();
        };
        return h(
            "fieldset",
            { key: name, class: "facet" },
            h("legend", {}, label),
            shown.map(({ value, name: called, count: number }) =>
                h(
                    "label",
                    { key: value },
                    h("input", { type: "checkbox", checked: chosen.has(value), onchange: () => toggle(value) }),
                    h("span", {}, called ?? value),
                    h("small", {}, count(number)),
                ),
            ),
            shown.length < values.length
                ? h("button", { type: "button", class: "link", onclick: more }, `${several(values.length - shown.length, "more", "more")}`)
                : null,
        );
    }

    /** What is chosen, to be taken back one by one. */
    #chosen() {
        const chosen = FACETS.flatMap(([name, label]) =>
            (this.query.get(name) ?? "")
                .split(",")
                .filter(Boolean)
                .map((value) => ({ name, label, value })),
        );
        if (chosen.length === 0) return null;
        const called = (/** @type {string} */ name, /** @type {string} */ value) =>
            this.#facets[name]?.find((one) => one.value === value)?.name ?? value;
        const without = (/** @type {string} */ name, /** @type {string} */ value) =>
            this.#with({
                [name]: (this.query.get(name) ?? "")
                    .split(",")
                    .filter((one) => one !== value)
                    .join(","),
            });
        return h(
            "ul",
            { class: "chips", "aria-label": "Chosen" },
            chosen.map(({ name, label, value }) =>
                h(
                    "li",
                    { key: name + value },
                    h(
                        "a",
                        { class: "chip accent", href: without(name, value), "aria-label": `Without ${label} ${called(name, value)}` },
                        `${called(name, value)} ×`,
                    ),
                ),
            ),
        );
    }

    #nothing() {
        const isNarrowed = [...this.query.keys()].some((name) => name !== "sort" && name !== "page");
        if (isNarrowed)
            return empty(
                "Nothing fits",
                "Other words, or fewer of the choices beside, may find more.",
                h("a", { class: "button", href: to("") }, "Show all products"),
            );
        const publish = session.isSignedIn ? h("a", { class: "button primary", href: to("publishing") }, "Publish one") : null;
        return empty("No products yet", "Nothing has been published on this marketplace so far.", publish);
    }
}
customElements.define("mkt-catalogue", Catalogue);

/** @param {any} product */
function card(product) {
    const { latest_build: build } = product;
    return h(
        "li",
        { key: product.id, class: "product card" },
        logo(product),
        h("h2", {}, h("a", { href: to(`products/${product.id}`) }, product.name)),
        h("p", { class: "lead" }, product.description),
        h(
            "p",
            { class: "chips" },
            product.badges.map((/** @type {any} */ badge) =>
                h("span", { key: badge.id, class: "chip good", title: badge.description }, badge.name),
            ),
            build ? h("span", { key: "version", class: "chip" }, build.version) : null,
            product.mime_type ? h("span", { key: "kind", class: "chip" }, product.mime_type) : null,
        ),
    );
}
