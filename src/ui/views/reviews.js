/** The review queue: which builds wait for a decision, and what was decided. */

import { byId, get } from "../base/api.js";
import { h } from "../base/dom.js";
import { several } from "../base/format.js";
import { to } from "../base/router.js";
import { session } from "../base/session.js";
import { View } from "../base/view.js";
import { pager } from "../parts/pager.js";
import { empty, heading, state, table, when } from "../parts/small.js";
import { who } from "./publishing/history.js";

const PER_PAGE = 25;
const DECIDED = "checked,validated,rejected,published,yanked";

/** @typedef {{page: import("../base/api.js").Page, people: Map<string, any>}} Data */

/** @extends {View<Data>} */
class Reviews extends View {
    get name() {
        return "Reviews";
    }

    started() {
        this.follow("ReviewChannel");
    }

    /** Whether what was decided is shown, and not what waits. */
    get #isPast() {
        return this.query.get("show") === "decided";
    }

    async load(/** @type {AbortSignal} */ signal) {
        session.require();
        // Who waits longest comes first; of what was decided, the latest.
        const shown = this.#isPast
            ? { verdict: DECIDED, sort: "created_at", order: "descending" }
            : { waiting: true, sort: "created_at", order: "ascending" };
        const page = await get("/reviews", { ...shown, page: this.query.get("page") ?? 1, per_page: PER_PAGE }, signal);
        return {
            page,
            people: await byId(
                "/users",
                page.results.map((/** @type {any} */ review) => review.user_id),
                signal,
            ),
        };
    }

    view(/** @type {Data} */ { page, people }) {
        const tab = (/** @type {string} */ label, /** @type {boolean} */ isPast) =>
            h(
                "li",
                { key: label },
                h(
                    "a",
                    {
                        href: to("reviews", { show: isPast ? "decided" : null }),
                        "aria-current": isPast === this.#isPast ? "page" : undefined,
                    },
                    label,
                ),
            );
        return [
            heading("Reviews"),
            h(
                "nav",
                { key: "tabs", class: "tabs", "aria-label": "Which reviews" },
                h("ul", {}, tab("Waiting", false), tab("Decided", true)),
            ),
            h(
                "p",
                { key: "count", class: "quiet", role: "status" },
                this.#isPast ? several(page.total_entries, "decision") : `${several(page.total_entries, "build")} waiting`,
            ),
            page.results.length > 0
                ? h(
                      "div",
                      { key: this.#isPast ? "decided" : "waiting", class: "card" },
                      this.#isPast ? decided(page.results, people) : waiting(page.results, people),
                  )
                : this.#nothing(),
            pager(page, (number) => to("reviews", { show: this.query.get("show"), page: number })),
        ];
    }

    #nothing() {
        if (this.#isPast)
            return empty("Nothing was decided yet", "Validations, rejections and publications stand here, with who decided and why.");
        return empty("Nothing waits", "What publishers hand in for review comes here at once; this page follows by itself.");
    }
}
customElements.define("mkt-reviews", Reviews);

/** Which product. @param {any} review */
function product({ build }) {
    if (!build) return h("span", { class: "quiet" }, "A build that is gone");
    const name = build.product_name ?? "A product";
    const address = to(`reviews/${build.product_id}/${build.id}`);
    return h("a", { class: "build-name", href: address, "aria-label": `${name} ${build.version}` }, name);
}

/** @param {any[]} rows @param {Map<string, any>} people */
function waiting(rows, people) {
    return table(
        "Builds that wait for a decision",
        [
            ["Product", product],
            ["Version", (review) => review.build?.version],
            ["Submitted by", (review) => who(review, people)],
            ["Since", (review) => when(review.created_at)],
            [
                "So far",
                (review) =>
                    h(
                        "span",
                        { class: "chips" },
                        review.build?.checked_at ? h("span", { class: "chip good" }, "passed the check") : null,
                        state(review.build?.validated_at ? "validated" : "submitted"),
                    ),
            ],
        ],
        rows,
        (review) => review.id,
    );
}

/** @param {any[]} rows @param {Map<string, any>} people */
function decided(rows, people) {
    return table(
        "What was decided",
        [
            ["Product", product],
            ["Version", (review) => review.build?.version],
            ["Decision", (review) => [state(review.verdict), review.remark ? h("small", { class: "block prose" }, review.remark) : null]],
            ["By", (review) => who(review, people)],
            ["When", (review) => when(review.created_at)],
        ],
        rows,
        (review) => review.id,
    );
}
