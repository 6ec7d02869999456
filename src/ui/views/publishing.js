/** What one publishes: one's own products, or all of them for those who keep them, and the ways to add one. */

import { SERVER, all, get, send } from "../base/api.js";
import { h } from "../base/dom.js";
import { several } from "../base/format.js";
import { go, to } from "../base/router.js";
import { session } from "../base/session.js";
import { Typing } from "../base/typing.js";
import { View } from "../base/view.js";
import { ask } from "../parts/dialog.js";
import { pager } from "../parts/pager.js";
import { logo } from "../parts/picture.js";
import { copyable, empty, heading, section, state, when } from "../parts/small.js";
import { FIELDS } from "./publishing/details.js";
import "./publishing/package.js";
import { standing } from "./publishing/rights.js";

const PER_PAGE = 25;

/** Which products are shown. @type {[string, string][]} */
const SHOWN = [
    ["", "All"],
    ["drafts", "Drafts"],
    ["review", "In review"],
    ["published", "Published"],
];

/** @typedef {{page: import("../base/api.js").Page, waiting: Map<string, any[]>}} Data */

/** @extends {View<Data>} */
class Publishing extends View {
    #typing = new Typing(this, (changed) => this.#with(changed));

    get name() {
        return "Publishing";
    }

    started() {
        this.follow("CatalogChannel");
        this.follow("AccountChannel");
    }

    /** Whether those of others are shown, too. */
    get #isOfAll() {
        return this.query.get("whose") === "all" && session.may("products", "update");
    }

    async load(/** @type {AbortSignal} */ signal) {
        const user = session.require();
        const waiting = Map.groupBy(await all("/reviews", { waiting: true }, signal), (review) => review.build?.product_id);
        const show = this.query.get("show");
        const isEmpty = show === "review" && waiting.size === 0;
        const query = {
            text: this.query.get("text"),
            user_id: this.#isOfAll ? null : user.id,
            published: show === "published" ? true : show === "drafts" ? false : null,
            // No product has the id of nobody.
            id: show === "review" ? (isEmpty ? "00000000-0000-4000-8000-000000000000" : [...waiting.keys()].slice(0, 200).join(",")) : null,
            page: this.query.get("page") ?? 1,
            per_page: PER_PAGE,
        };
        return { page: await get("/products", query, signal), waiting };
    }

    /** The address with something else in it; from the first page on. @param {Record<string, string | null>} changed */
    #with(changed) {
        return to("publishing", { ...Object.fromEntries(this.query), page: null, ...changed });
    }

    view(/** @type {Data} */ { page, waiting }) {
        const create = session.may("products", "create")
            ? h("button", { type: "button", class: "primary", onclick: () => this.#create() }, "New product")
            : null;
        const isNarrowed = ["text", "show"].some((name) => this.query.get(name));
        const isNew = page.total_entries === 0 && !isNarrowed;
        return [
            heading("Publishing", create),
            // Who keeps products comes to those of others by it.
            isNew && !session.may("products", "update") ? null : this.#narrow(),
            isNew ? welcome() : null,
            page.total_entries === 0 && isNarrowed
                ? empty(
                      "Nothing fits",
                      "None of the products is like that.",
                      h("a", { class: "button", href: this.#with({ text: null, show: null }) }, "Show all"),
                  )
                : null,
            page.total_entries > 0
                ? h("p", { key: "found", class: "quiet", role: "status" }, several(page.total_entries, "product"))
                : null,
            page.total_entries > 0
                ? h(
                      "ul",
                      { key: "products", class: "own-products" },
                      page.results.map((product) => entry(product, waiting.get(product.id) ?? [])),
                  )
                : null,
            pager(page, (number) => this.#with({ page: String(number) })),
            h("mkt-package", { key: "package", done: () => this.refreshSoon() }),
            isNew ? null : section("From a terminal or CI", commands()),
        ];
    }

    #narrow() {
        const current = this.query.get("show") ?? "";
        const whose = (/** @type {any} */ event) => go(this.#with({ whose: event.target.checked ? "all" : null }));
        return h(
            "div",
            { key: "narrow", class: "narrow" },
            h(
                "nav",
                { class: "tabs", "aria-label": "Which products" },
                h(
                    "ul",
                    {},
                    SHOWN.map(([value, label]) =>
                        h(
                            "li",
                            { key: label },
                            h("a", { href: this.#with({ show: value }), "aria-current": value === current ? "page" : undefined }, label),
                        ),
                    ),
                ),
            ),
            h(
                "div",
                { class: "find" },
                h("label", { class: "hidden", for: "own-search" }, "Search these products"),
                h("input", {
                    id: "own-search",
                    type: "search",
                    placeholder: "Search",
                    autocomplete: "off",
                    value: this.#typing.text("text"),
                    oninput: this.#typing.into("text"),
                }),
            ),
            session.may("products", "update")
                ? h("label", { class: "tick" }, h("input", { type: "checkbox", checked: this.#isOfAll, onchange: whose }), "Of everybody")
                : null,
        );
    }

    #create() {
        const fields = FIELDS.filter(({ name }) => name !== "visible_at" && name !== "external_id");
        const submit = async (/** @type {any} */ values) => go(to(`publishing/${(await send("POST", "/products", values)).id}`));
        return ask("New product", {
            fields,
            action: "Create",
            intro: h("p", { class: "quiet" }, "Nobody else sees it before it is published."),
            submit,
        });
    }
}
customElements.define("mkt-publishing", Publishing);

/** @param {any} product @param {any[]} waiting */
function entry(product, waiting) {
    const [word] = standing(product);
    const build = product.latest_build;
    return h(
        "li",
        { key: product.id, class: "card" },
        logo(product),
        h(
            "div",
            {},
            h("h2", {}, h("a", { href: to(`publishing/${product.id}`) }, product.name)),
            h(
                "p",
                { class: "chips" },
                state(word),
                build ? h("span", { class: "chip" }, build.version) : h("span", { class: "chip" }, "no public build"),
            ),
            waiting.map((review) =>
                h(
                    "p",
                    { key: review.id, class: "quiet" },
                    `Build ${review.build.version} was submitted `,
                    when(review.created_at),
                    " and waits for a decision.",
                ),
            ),
        ),
        h("p", { class: "quiet changed" }, "Changed ", when(product.updated_at)),
    );
}

function welcome() {
    return h(
        "section",
        { key: "welcome", class: "card" },
        h("h2", {}, "Publish your first product"),
        h(
            "p",
            { class: "prose" },
            "A marketplace.json in your source describes a product, and one command publishes it: all of it or nothing.",
        ),
        commands(),
    );
}

/** How it is done without this page. */
function commands() {
    /** @type {[string, string, string][]} */
    const steps = [
        ["Sign in", `mkt login --server ${SERVER}`, "On your machine; it opens this marketplace in the browser."],
        ["Describe", "mkt init my-product", "Makes a marketplace.json by questions, beside your Containerfile."],
        ["Publish", "mkt publish my-product", "Shows what it would do, and asks."],
        [
            "In CI",
            `MKT_SERVER=${SERVER} mkt publish --strict --yes --wait .`,
            "With MKT_TOKEN from the CI’s secrets: a token made under Account with the scopes that publishing takes.",
        ],
    ];
    return h(
        "ol",
        { class: "commands" },
        steps.map(([name, command, help]) =>
            h("li", { key: name }, h("strong", {}, name), copyable(command, `the command: ${name}`), h("small", {}, help)),
        ),
    );
}
