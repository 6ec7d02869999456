/** Entitlements: what one has a right to, and who uses it. */

import { all, byId, get, send } from "../../base/api.js";
import { h } from "../../base/dom.js";
import { count, date, several } from "../../base/format.js";
import { to } from "../../base/router.js";
import { session } from "../../base/session.js";
import { ask, consent } from "../../parts/dialog.js";
import { offersById } from "../../parts/offers.js";
import { pager } from "../../parts/pager.js";
import { empty, facts, section, state, table, when } from "../../parts/small.js";
import { attempt } from "../../parts/toast.js";
import { button } from "./button.js";
import { endOf, graceOf, standing } from "./rights.js";

const PER_PAGE = 20;
/** What is said of an entitlement that nobody uses. */
const UNUSED = "Nobody uses it yet: nothing may start by it. Let yourself use it, or a group that you are in.";

/**
 * @typedef {{me: any, page: import("../../base/api.js").Page, offers: Map<string, import("../../parts/offers.js").Offer>, claims: any[],
 *     groups: Map<string, any>, people: Map<string, any>}} Data
 */

/** @type {import("../account.js").Part<Data>} */
export const entitlements = {
    label: "Entitlements",

    async load(me, signal, query) {
        const [page, groups] = await Promise.all([
            get(
                "/entitlements",
                { user_id: me.id, sort: "valid_from", order: "descending", page: query.get("page"), per_page: PER_PAGE },
                signal,
            ),
            all("/groups", {}, signal),
        ]);
        const entitlements = /** @type {any[]} */ (page.results);
        const [offers, claims] = await Promise.all([
            offersById(
                entitlements.map((one) => one.product_license_id),
                signal,
            ),
            entitlements.length > 0
                ? all("/claims", { entitlement_id: entitlements.map((one) => one.id).join(","), sort: "created_at" }, signal)
                : [],
        ]);
        const people = await byId(
            "/users",
            claims.filter((claim) => claim.claimant_type === "User").map((claim) => claim.claimant_id),
            signal,
        );
        return { me, page, offers, claims, groups: new Map(groups.map((group) => [group.id, group])), people };
    },

    view(data, view) {
        if (data.page.total_entries === 0) {
            const help = "An entitlement is a right to use a product. You get one from whoever offers the product, or for a voucher.";
            return section(
                "Entitlements",
                empty("No entitlements", help, h("a", { class: "button primary", href: to("account/vouchers") }, "Redeem a voucher")),
            );
        }
        return [
            data.page.results.map((one) => entitlement(one, data, () => view.refresh())),
            pager(data.page, (number) => to("account/entitlements", { page: number })),
        ];
    },
};

/** @param {any} one @param {Data} data @param {() => Promise<void>} refresh */
function entitlement(one, { me, offers, claims, groups, people }, refresh) {
    const { product, license } = offers.get(one.product_license_id) ?? { product: null, license: null };
    const own = claims.filter((claim) => claim.entitlement_id === one.id);
    const end = endOf(one, license);
    const title = product?.name ?? "A product you can't see";
    const claimant = (/** @type {any} */ { claimant_type: type, claimant_id: id }) => {
        if (id === me.id) return "You";
        return (type === "Group" ? groups : people).get(id)?.name ?? `A ${type.toLowerCase()} you can't see`;
    };
    const taken = new Set(own.map((claim) => claim.claimant_id));
    const free = [...groups.values()].filter((group) => !taken.has(group.id));
    const stands = standing(one, license);
    const isOver = stands === "expired" || stands === "used up";
    const isFull = license?.seats > 0 && own.length >= license.seats;
    return h(
        "section",
        { class: "card", key: one.id },
        h(
            "header",
            { class: "heading" },
            h("h2", {}, product ? h("a", { href: to(`products/${product.id}`) }, title) : title, " ", state(stands)),
            isFull || isOver
                ? null
                : h(
                      "p",
                      { class: "actions" },
                      taken.has(me.id)
                          ? null
                          : h("button", { key: "self", type: "button", onclick: () => claim(one, refresh) }, "Use it yourself"),
                      free.length > 0
                          ? h("button", { key: "group", type: "button", onclick: () => share(one, free, refresh) }, "Let a group use it")
                          : null,
                  ),
        ),
        facts([
            ["Licence", license ? h("a", { href: license.url, rel: "noopener noreferrer" }, license.name) : null],
            ["Valid", `from ${date(one.valid_from)} ${end ? `until ${date(end.toISOString())}` : "without end"}`],
            ["Still granted", end && stands === "grace" ? `until ${date(graceOf(end, license).toISOString())}` : null],
            ["Uses", license?.uses > 0 ? `${count(one.authorization_count)} of ${count(license.uses)}` : count(one.authorization_count)],
            ["Seats", license?.seats > 0 ? `${own.length} of ${several(license.seats, "seat")} taken` : null],
        ]),
        own.length === 0 && !isOver ? h("p", { class: "notice warning" }, UNUSED) : null,
        own.length > 0 ? users(`Who uses ${title} from ${date(one.valid_from)} on`, own, claimant, refresh) : null,
    );
}

/**
 * Who uses it, and how much.
 * @param {string} caption @param {any[]} claims @param {(claim: any) => string} claimant @param {() => Promise<void>} refresh
 */
function users(caption, claims, claimant, refresh) {
    const end = (/** @type {any} */ claim) => () => withdraw(claim, claimant(claim), refresh);
    /** @type {[string, (claim: any) => import("../../base/dom.js").Child][]} */
    const columns = [
        ["Used by", claimant],
        ["Times", (claim) => count(claim.authorization_count)],
        ["Last", (claim) => when(claim.authorized_at)],
    ];
    if (session.may("claims", "delete")) {
        columns.push(["", (claim) => button("Withdraw", `from ${claimant(claim)}`, end(claim), "danger")]);
    }
    return table(caption, columns, claims, (claim) => claim.id);
}

/** Has oneself use an entitlement. @param {any} entitlement @param {() => Promise<void>} refresh */
async function claim(entitlement, refresh) {
    await attempt(
        () => send("POST", `${entitlement.path}/claims`, { claimant_id: entitlement.user_id, claimant_type: "User" }),
        "You can use it now.",
    );
    await refresh();
}

/** Has a group use it. @param {any} entitlement @param {any[]} groups @param {() => Promise<void>} refresh */
function share(entitlement, groups, refresh) {
    const choices = groups.map((group) => /** @type {[string, string]} */ ([group.id, group.name]));
    const help = session.may("claims", "delete")
        ? "All of its members use it."
        : "All of its members use it. Only an administrator can take that back.";
    return ask("Let a group use it", {
        fields: [{ name: "claimant_id", label: "Group", kind: "choice", choices, required: true, help }],
        action: "Let them use it",
        submit: async (/** @type {Record<string, any>} */ { claimant_id }) => {
            await send("POST", `${entitlement.path}/claims`, { claimant_id, claimant_type: "Group" });
            await refresh();
        },
    });
}

/** @param {any} claim @param {string} who @param {() => Promise<void>} refresh */
async function withdraw(claim, who, refresh) {
    if (!(await consent("Withdraw it?", `${who} can use it no longer. Uses that were counted stay counted.`, "Withdraw"))) return;
    await attempt(() => send("DELETE", `/entitlements/${claim.entitlement_id}/claims/${claim.id}`), "It was withdrawn.");
    await refresh();
}
