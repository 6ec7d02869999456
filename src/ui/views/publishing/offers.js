/** Under which licences a product is offered, in which families it is, and which badges it carries. */

import { get, send } from "../../base/api.js";
import { h } from "../../base/dom.js";
import { date, several } from "../../base/format.js";
import { to } from "../../base/router.js";
import { session } from "../../base/session.js";
import { ask } from "../../parts/dialog.js";
import { remove } from "../../parts/removal.js";
import { section } from "../../parts/small.js";

/** How many are found at once. */
const FOUND = 20;

/** @typedef {() => Promise<void>} Changed */

/**
 * Finds records by what is typed, as a field of a form does.
 * @param {string} path @param {string} parameter What they are searched by. @param {Set<string>} without Ids of those that are not offered.
 * @param {(record: any) => string} note What tells those of like names apart. @param {Record<string, any>} [filters]
 * @returns {import("../../base/pick.js").Find}
 */
export function finder(path, parameter, without, note, filters = {}) {
    return async (text, signal) => {
        const page = await get(path, { ...filters, [parameter]: text, per_page: FOUND }, signal);
        const others = page.results.filter((/** @type {any} */ record) => !without.has(record.id));
        return others.map((/** @type {any} */ record) => ({ value: record.id, label: record.name, note: note(record) }));
    };
}

/** Finds products by what they are. @param {Set<string>} without @param {Record<string, any>} [filters] */
export function products(without, filters) {
    return finder("/products", "text", without, (product) => product.latest_build?.version ?? "no public build", filters);
}

/** @param {any[]} rows @param {string} none What is said where there are none. */
function list(rows, none) {
    return rows.length === 0 ? h("p", { class: "quiet" }, none) : h("ul", { class: "rows" }, rows);
}

/**
 * Something with its name, that can be taken away again.
 * @param {string} key @param {import("../../base/dom.js").Child} what @param {string} name @param {(() => unknown) | null} gone
 */
function row(key, what, name, gone) {
    const button = gone
        ? h("button", { type: "button", class: "small danger", "aria-label": `Remove ${name}`, onclick: gone }, "Remove")
        : null;
    return h("li", { key }, h("span", {}, what), button);
}

/** @param {string} label @param {() => unknown} deed */
function adding(label, deed) {
    return h("button", { type: "button", class: "small", onclick: deed }, label);
}

/** What rights under a licence are limited to. @param {any} license */
function terms(license) {
    const limits = [
        license.expiry === "relative_date" ? `valid for ${several(license.days_valid, "day")}` : null,
        license.expiry === "absolute_date" ? `valid until ${date(license.expires_at)}` : null,
        license.uses ? several(license.uses, "use") : null,
        license.seats ? several(license.seats, "seat") : null,
    ];
    return limits.filter(Boolean).join(", ") || "without end";
}

/** @param {any} product @param {Map<string, any>} known The licences that it is offered under. @param {Changed} changed */
export function licences(product, known, changed) {
    const offered = new Set(product.product_licenses.map((/** @type {any} */ offer) => offer.license_id));
    const add = () =>
        ask("Offer under a licence", {
            fields: [
                { name: "license_id", label: "Licence", kind: "pick", required: true, find: finder("/licenses", "name", offered, terms) },
            ],
            action: "Offer",
            submit: async (values) => {
                await send("POST", `${product.path}/licenses`, values);
                await changed();
            },
        });
    const rows = product.product_licenses.map((/** @type {any} */ offer) => {
        const license = known.get(offer.license_id);
        const name = license?.name ?? "A licence";
        const what = license
            ? [h("a", { href: license.url, rel: "noopener noreferrer" }, name), h("small", { class: "block" }, terms(license))]
            : name;
        const loss = "Nobody can acquire a right under it any more.";
        const gone = async () => (await remove(`offer under ${name}`, offer.path, loss, "Remove")) && changed();
        return row(offer.id, what, name, gone);
    });
    return section(
        "Licences",
        list(rows, "It is offered under none yet, so nobody can acquire a right to it."),
        adding("Add a licence", add),
    );
}

/**
 * @param {any} product @param {any[]} children @param {any[]} parents @param {any[]} links Those to its children.
 * @param {Changed} changed
 */
export function family(product, children, parents, links, changed) {
    const without = new Set([product.id, ...children.map((one) => one.id)]);
    // To join products takes a right to both.
    const owner = session.may("sub_products", "create") || session.may("products", "update") ? null : session.user?.id;
    const add = () =>
        ask("Add to the family", {
            intro: h("p", { class: "quiet" }, `A right to ${product.name} is then a right to what you choose, too.`),
            fields: [{ name: "child_id", label: "Product", kind: "pick", required: true, find: products(without, { user_id: owner }) }],
            action: "Add",
            submit: async (values) => {
                await send("POST", "/sub_products", { parent_id: product.id, ...values });
                await changed();
            },
        });
    const rows = children.map((child) => {
        const link = links.find((one) => one.child_id === child.id);
        const loss = `A right to ${product.name} is no right to it any more.`;
        const gone = async () => (await remove(child.name, link.path, loss, "Remove")) && changed();
        return row(child.id, h("a", { href: to(`products/${child.id}`) }, child.name), child.name, link ? gone : null);
    });
    const above = parents.map((one) => row(one.id, ["Part of ", h("a", { href: to(`products/${one.id}`) }, one.name)], one.name, null));
    return section(
        "Family",
        [list(rows, "Nothing comes with it."), above.length > 0 ? list(above, "") : null],
        adding("Add a product", add),
    );
}

/** Badges are awarded by those who keep them. @param {any} product @param {Changed} changed */
export function badges(product, changed) {
    const awards = session.may("badges", "update");
    if (!awards && product.badges.length === 0) return null;
    const worn = new Set(product.badges.map((/** @type {any} */ badge) => badge.id));
    const add = () =>
        ask("Award a badge", {
            fields: [{ name: "badge", kind: "pick", required: true, find: finder("/badges", "name", worn, (badge) => badge.description) }],
            action: "Award",
            submit: async ({ badge }) => {
                await send("POST", `${product.path}/badges/${badge}`);
                await changed();
            },
        });
    const rows = product.badges.map((/** @type {any} */ badge) => {
        const path = `${product.path}/badges/${badge.id}`;
        const gone = async () => (await remove(`badge ${badge.name}`, path, "The product carries it no more.", "Remove")) && changed();
        return row(badge.id, [badge.name, h("small", { class: "block" }, badge.description)], badge.name, awards ? gone : null);
    });
    return section("Badges", list(rows, "It carries none."), awards ? adding("Award a badge", add) : null);
}
