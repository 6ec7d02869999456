/** Attempts: who asked to use what, and what came of it; counted by day, product and claimant, and the newest of them, live. */

import { all, byId, get } from "../../base/api.js";
import { h } from "../../base/dom.js";
import { count, several } from "../../base/format.js";
import { View } from "../../base/view.js";
import { bar, columns } from "../../parts/chart.js";
import { pager } from "../../parts/pager.js";
import { empty, heading, section, state, table, when } from "../../parts/small.js";
import { findParties, finder, knower, knownParty, named, partiesById, party } from "./names.js";
import { Narrowing } from "./narrowing.js";

const PER_PAGE = 20;
const DAY = 86_400_000;
/** How many products or claimants are shown. */
const FEW = 10;
/** For how many days one can look back. */
const RANGES = ["7", "30", "90"];
const USUAL = "30";

/** @type {import("../../parts/chart.js").Series} */
const SERIES = [
    ["granted", "Granted"],
    ["refused", "Refused"],
];

/** @type {Record<string, string>} */
const REASONS = { no_claim: "no claim", not_yet_valid: "not valid yet", expired: "expired", uses_exhausted: "all uses are used up" };

/**
 * What some attempts came to. Only what they were summed up by is there.
 * @typedef {{day?: string, product_id?: string, claimant_type: string, claimant_id: string, granted: number, refused: number,
 *     quantity: number}} Sum
 */
/** @typedef {import("../../base/dom.js").Child} Child */

// Days are those of UTC, by which the marketplace counts, in the reader's language.
const short = new Intl.DateTimeFormat(navigator.language, { day: "numeric", month: "short", timeZone: "UTC" });

/** @type {import("./narrowing.js").Filter[]} */
const FILTERS = [
    { name: "product_id", label: "Product", find: finder("products"), known: knower("products") },
    { name: "claimant_id", label: "Claimant", find: findParties, known: knownParty },
    {
        name: "outcome",
        label: "Outcome",
        choices: [
            ["granted", "Granted"],
            ["refused", "Refused"],
        ],
    },
    { name: "reason", label: "Refused because of", choices: Object.entries(REASONS) },
];

class Attempts extends View {
    narrowing = new Narrowing(this, "administration/attempts", FILTERS, []);

    get name() {
        return "Attempts";
    }

    started() {
        this.follow("AuditChannel");
    }

    get #range() {
        const asked = this.query.get("days") ?? "";
        return RANGES.includes(asked) ? asked : USUAL;
    }

    async load(/** @type {AbortSignal} */ signal) {
        const { page, ...filters } = this.narrowing.asked;
        const today = Math.floor(Date.now() / DAY) * DAY;
        const days = Array.from({ length: Number(this.#range) }, (_, back) =>
            new Date(today - back * DAY).toISOString().slice(0, 10),
        ).reverse();
        const asked = { ...filters, since: `${days[0]}T00:00:00Z` };
        const sum = (/** @type {string} */ by) => all("/attempts/summary", { ...asked, by }, signal);
        const [byDay, byProduct, byClaimant, newest, known] = await Promise.all([
            sum("day"),
            sum("product"),
            sum("claimant"),
            get("/attempts", { ...asked, page, per_page: PER_PAGE, sort: "created_at", order: "descending" }, signal),
            this.narrowing.known(signal),
        ]);
        const products = most(byProduct);
        const claimants = most(byClaimant);
        const parties = [...claimants, ...newest.results].map((one) => ({ type: one.claimant_type, id: one.claimant_id }));
        const ids = [...products, ...newest.results].map((one) => one.product_id);
        const [productsById, known_] = await Promise.all([byId("/products", ids, signal), partiesById(parties, signal)]);
        const counted = new Map(byDay.map((one) => [one.day, one]));
        return {
            byDay: days.map((day) => counted.get(day) ?? { day, granted: 0, refused: 0, quantity: 0 }),
            products,
            claimants,
            others: { products: byProduct.length - products.length, claimants: byClaimant.length - claimants.length },
            newest,
            known,
            names: { products: productsById, parties: known_ },
        };
    }

    view(/** @type {any} */ { byDay, products, claimants, others, newest, known, names }) {
        const range = this.#range;
        const ranges = h(
            "nav",
            { class: "ranges", "aria-label": "Range" },
            RANGES.map((days) =>
                h(
                    "a",
                    { key: days, href: this.narrowing.with({ days }), "aria-current": days === range ? "true" : undefined },
                    `${days} days`,
                ),
            ),
        );
        const none = this.narrowing.isNarrow ? "Fewer filters, or more days, may find some." : `Nobody asked in ${range} days.`;
        return [
            heading("Attempts", ranges),
            h(
                "p",
                { class: "quiet prose" },
                "Each time somebody asked to use a product, whether it was granted, and why it was not. Days are those of UTC.",
            ),
            this.narrowing.controls(known),
            newest.total_entries === 0
                ? empty("No attempts", none)
                : [
                      this.#days(byDay),
                      this.#sums(
                          "By product",
                          "Product",
                          products,
                          others.products,
                          (one) => named("products", one.product_id ?? null, names.products),
                          (one) => one.product_id ?? "",
                      ),
                      this.#sums(
                          "By claimant",
                          "Claimant",
                          claimants,
                          others.claimants,
                          (one) => party(one.claimant_type, one.claimant_id, names.parties),
                          (one) => one.claimant_id,
                      ),
                      this.#newest(newest, names),
                  ],
        ];
    }

    /** @param {Sum[]} days */
    #days(days) {
        const total = (/** @type {"granted" | "refused" | "quantity"} */ what) => days.reduce((sum, day) => sum + day[what], 0);
        const named = (/** @type {Sum} */ day) => short.format(new Date(`${day.day}T00:00:00Z`));
        const sums = `${count(total("granted"))} granted and ${count(total("refused"))} refused in ${days.length} days`;
        const said = `${sums}; ${several(total("quantity"), "use")} granted.`;
        const some = days.filter((day) => day.granted + day.refused > 0).reverse();
        return section("By day", [
            h("p", { role: "status" }, said),
            columns(
                `Attempts by day: ${said}`,
                SERIES,
                days.map((day) => ({ name: named(day), values: [day.granted, day.refused] })),
            ),
            h(
                "details",
                {},
                h("summary", {}, "The numbers"),
                table("Attempts by day", [["Day", named], ...NUMBERS], some, (day) => day.day ?? ""),
            ),
        ]);
    }

    /**
     * @param {string} title @param {string} what @param {Sum[]} sums @param {number} others How many more there are.
     * @param {(sum: Sum) => Child} name @param {(sum: Sum) => string} key
     */
    #sums(title, what, sums, others, name, key) {
        const longest = Math.max(...sums.map((one) => one.granted + one.refused));
        return section(title, [
            table(title, [[what, name], ["Attempts", (one) => bar(SERIES, [one.granted, one.refused], longest)], ...NUMBERS], sums, key),
            others > 0 ? h("p", { class: "quiet" }, `and ${several(others, "other")} with fewer attempts`) : null,
        ]);
    }

    /** @param {import("../../base/api.js").Page} page @param {any} names */
    #newest(page, names) {
        /** @type {[string, (one: any) => Child][]} */
        const shown = [
            ["When", (one) => when(one.created_at)],
            ["Product", (one) => named("products", one.product_id, names.products)],
            ["Claimant", (one) => party(one.claimant_type, one.claimant_id, names.parties)],
            ["Outcome", (one) => [state(one.outcome), one.reason ? h("small", {}, ` ${REASONS[one.reason] ?? one.reason}`) : null]],
            ["Uses", (one) => count(one.quantity)],
        ];
        return section("Newest", [
            h("p", { class: "quiet" }, several(page.total_entries, "attempt")),
            table("Newest attempts", shown, page.results, (one) => one.id),
            pager(page, (number) => this.narrowing.with({ page: String(number) })),
        ]);
    }
}
customElements.define("mkt-admin-attempts", Attempts);

/** @type {[string, (sum: Sum) => Child][]} */
const NUMBERS = [
    ["Granted", (one) => count(one.granted)],
    ["Refused", (one) => count(one.refused)],
    ["Uses", (one) => count(one.quantity)],
];

/** Those with the most attempts. @param {Sum[]} sums */
function most(sums) {
    return sums.sort((one, other) => other.granted + other.refused - one.granted - one.refused).slice(0, FEW);
}
