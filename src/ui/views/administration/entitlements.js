/** Entitlements: the rights that users have acquired, and who claims them. */

import { byId, get, send } from "../../base/api.js";
import { h } from "../../base/dom.js";
import { count, date, moment, several } from "../../base/format.js";
import { go, to } from "../../base/router.js";
import { session } from "../../base/session.js";
import { ask } from "../../parts/dialog.js";
import { offered, offersById } from "../../parts/offers.js";
import { pager } from "../../parts/pager.js";
import { removal, remove } from "../../parts/removal.js";
import { copyable, empty, facts, section, table, when } from "../../parts/small.js";
import { PARTY, finder, knower, named, partiesById, party } from "./names.js";
import { findOffers, knownOffer, offersAndUsers } from "./offers.js";
import { Page } from "./page.js";
import { address, list } from "./records.js";

const PER_PAGE = 25;
const DAY = 86_400_000;

/** @typedef {import("../../base/dom.js").Child} Child */

/** When a right ends, if it does, by its licence. @param {any} entitlement @param {any} license @returns {Date | null} */
function end(entitlement, license) {
    if (license?.expiry === "relative_date") return new Date(new Date(entitlement.valid_from).getTime() + (license.days_valid ?? 0) * DAY);
    return license?.expiry === "absolute_date" && license.expires_at ? new Date(license.expires_at) : null;
}

/** @param {any} entitlement @param {any} license */
function standing(entitlement, license) {
    if (!license) return null;
    const now = Date.now();
    const over = end(entitlement, license)?.getTime() ?? Infinity;
    if (new Date(entitlement.valid_from).getTime() > now) return h("span", { class: "chip busy" }, "not yet");
    if (license.uses > 0 && entitlement.authorization_count >= license.uses) return h("span", { class: "chip bad" }, "used up");
    if (now < over) return h("span", { class: "chip good" }, "active");
    return now < over + license.grace_days * DAY ? h("span", { class: "chip busy" }, "grace") : h("span", { class: "chip bad" }, "expired");
}

/** @param {any} entitlement @param {any} license */
function uses(entitlement, license) {
    return license?.uses ? `${count(entitlement.authorization_count)} of ${count(license.uses)}` : count(entitlement.authorization_count);
}

/** Who uses an entitlement, and how often. @type {[string, (claim: any, parties: Map<string, any>) => Child][]} */
export const CLAIM = [
    ["Claimant", (claim, parties) => party(claim.claimant_type, claim.claimant_id, parties)],
    ["Authorized", (claim) => several(claim.authorization_count, "time")],
    ["Last", (claim) => when(claim.authorized_at)],
    ["Since", (claim) => when(claim.created_at)],
];

/** What becomes of a claim that is deleted. */
export const CLAIM_LOSES = "The claimant can't use the product by it any more. What was authorized so far still counts as used.";

/** @type {import("./records.js").Kind} */
const ENTITLEMENTS = {
    part: "entitlements",
    title: "Entitlements",
    one: "entitlement",
    path: "/entitlements",
    resource: "entitlements",
    told: ["entitlement", "claim", "attempt"],
    lead: "Rights to products that users have acquired, by vouchers or as a grant. Who is to use one claims it, or has it claimed.",
    filters: [
        { name: "user_id", label: "User", find: finder("users"), known: knower("users") },
        { name: "product_license_id", label: "Product", find: findOffers, known: knownOffer },
    ],
    sorts: [
        ["-created_at", "Newest"],
        ["-valid_from", "Valid from, last first"],
        ["valid_from", "Valid from, first first"],
        ["-authorization_count", "Used most"],
        ["-updated_at", "Changed last"],
    ],
    relate: (rows, signal) => offersAndUsers(rows, "user_id", signal),
    columns: [
        ["User", (row, { users }) => named("users", row.user_id, users)],
        ["Product", (row, { offers }) => offered(offers.get(row.product_license_id))],
        ["State", (row, { offers }) => standing(row, offers.get(row.product_license_id)?.license)],
        ["Valid from", (row) => date(row.valid_from)],
        ["Uses", (row, { offers }) => uses(row, offers.get(row.product_license_id)?.license)],
        ["Claims", (row) => h("a", { href: address(ENTITLEMENTS, row.id), "aria-label": "See the entitlement and its claims" }, "See")],
    ],
    async fields(row) {
        const user = row && (await knower("users")(row.user_id, AbortSignal.timeout(10_000)));
        return [
            {
                name: "user_id",
                label: "User",
                kind: "pick",
                required: true,
                find: finder("users"),
                known: user,
                placeholder: "Part of the name",
            },
            ...(row
                ? []
                : /** @type {import("../../base/form.js").Field[]} */ ([
                      {
                          name: "product_license_id",
                          label: "Product and licence",
                          kind: "pick",
                          required: true,
                          find: findOffers,
                          placeholder: "Part of the product's name",
                      },
                  ])),
            {
                name: "valid_from",
                label: "Valid from",
                kind: "time",
                required: row !== null,
                help: row ? undefined : "Now, where it is left empty.",
            },
        ];
    },
    prepare: (values) => ({ ...values, valid_from: values.valid_from ?? new Date().toISOString() }),
    called: (row) => `of ${date(row.valid_from)}`,
    async loses(row) {
        const claims = await get(`${row.path}/claims`, { per_page: 1 });
        if (claims.total_entries === 0) return "Its user loses the right. Nobody claims it.";
        return `Its user loses the right. With it go ${several(claims.total_entries, "claim")}: who uses the product so can't any more.`;
    },
    made: (made) => go(address(ENTITLEMENTS, made.id)),
};
list("mkt-admin-entitlements", ENTITLEMENTS);

class Entitlement extends Page {
    kind = ENTITLEMENTS;

    get name() {
        return "Entitlement";
    }

    async load(/** @type {AbortSignal} */ signal) {
        const row = await this.row(signal);
        const [offers, users, claims] = await Promise.all([
            offersById([row.product_license_id], signal),
            byId("/users", [row.user_id], signal),
            get(`${this.path}/claims`, { page: this.query.get("page") ?? 1, per_page: PER_PAGE }, signal),
        ]);
        const parties = await partiesById(
            claims.results.map((/** @type {any} */ one) => ({ type: one.claimant_type, id: one.claimant_id })),
            signal,
        );
        return { row, offer: offers.get(row.product_license_id), users, claims, parties };
    }

    view(/** @type {any} */ { row, offer, users, claims, parties }) {
        const license = offer?.license;
        const over = end(row, license);
        return [
            this.head(row, standing(row, license)),
            section(
                "Facts",
                facts([
                    ["User", named("users", row.user_id, users)],
                    ["Product", offered(offer)],
                    ["Valid from", moment(row.valid_from)],
                    ["Valid until", over ? moment(over.toISOString()) : "without end"],
                    ["Grace", license?.grace_days && over ? several(license.grace_days, "day") : null],
                    ["Uses", uses(row, license)],
                    ["Seats", license?.seats ? `${claims.total_entries} of ${license.seats} taken` : null],
                    ["Id", copyable(row.id, "id")],
                ]),
            ),
            this.#claims(row, license, claims, parties),
        ];
    }

    /** @param {any} row @param {any} license @param {import("../../base/api.js").Page} claims @param {Map<string, any>} parties */
    #claims(row, license, claims, parties) {
        const columns = CLAIM.map(
            ([name, cell]) => /** @type {[string, (claim: any) => Child]} */ ([name, (claim) => cell(claim, parties)]),
        );
        const drop = async (/** @type {any} */ claim, /** @type {string} */ name) => {
            if (await remove(`claim of ${name}`, `${this.path}/claims/${claim.id}`, CLAIM_LOSES)) this.refresh();
        };
        if (session.may("claims", "delete")) {
            columns.push([
                "",
                (claim) => {
                    const name = parties.get(claim.claimant_id)?.name ?? "the claimant";
                    return removal("Delete", `the claim of ${name}`, () => drop(claim, name));
                },
            ]);
        }
        const add = async () => {
            const submit = (/** @type {any} */ { type, user, group }) =>
                send("POST", `${this.path}/claims`, { claimant_type: type, claimant_id: type === "Group" ? group : user });
            if (await ask("Claim the entitlement for somebody", { fields: PARTY, action: "Claim", submit })) this.refresh();
        };
        const isFull = license?.seats > 0 && claims.total_entries >= license.seats;
        const may = session.may("claims", "create");
        return section(
            "Claims",
            [
                may && isFull ? h("p", { class: "quiet" }, "All seats are taken. Delete a claim to make room for another.") : null,
                claims.results.length > 0
                    ? table("Claims", columns, claims.results, (claim) => claim.id)
                    : empty("Nobody claims it", "Until somebody does, the right is not used."),
                pager(claims, (page) => to(`administration/entitlements/${row.id}`, { page })),
            ],
            may && !isFull ? h("button", { type: "button", class: "primary", onclick: add }, "Claim for somebody") : null,
        );
    }
}
customElements.define("mkt-admin-entitlement", Entitlement);
