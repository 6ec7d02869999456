/** Offers, which are products under licences: what entitlements and vouchers are for. The API has them with their products alone. */

import { byId, get } from "../../base/api.js";
import { h } from "../../base/dom.js";
import { to } from "../../base/router.js";

/** How many products are looked through at once, and how often, to find those of offers. */
const AT_ONCE = 500;
const OFTEN = 20;
/** How many products' offers there are to choose from. */
const FEW = 8;

/** @typedef {{id: string, product: any, license: any}} Offer */

/** The offers seen so far, for they stay what they are. @type {Map<string, {id: string, product: any, license_id: string}>} */
const seen = new Map();

/** @param {any[]} products */
function remember(products) {
    for (const product of products) {
        for (const { id, license_id } of product.product_licenses) seen.set(id, { id, product, license_id });
    }
}

/** The offers of these ids. @param {Iterable<string>} ids @param {AbortSignal} signal @returns {Promise<Map<string, Offer>>} */
export async function offersById(ids, signal) {
    const wanted = [...new Set(ids)];
    for (let page = 1; page <= OFTEN && wanted.some((id) => !seen.has(id)); page += 1) {
        const products = await get("/products", { page, per_page: AT_ONCE, sort: "created_at", order: "descending" }, signal);
        remember(products.results);
        if (!products.next_page) break;
    }
    const found = wanted.map((id) => seen.get(id)).filter((offer) => offer !== undefined);
    const licenses = await byId("/licenses", found.map((offer) => offer.license_id), signal);
    return new Map(found.map(({ id, product, license_id }) => [id, { id, product, license: licenses.get(license_id) ?? null }]));
}

/** Finds offers by what their products are called. @type {import("../../base/pick.js").Find} */
export async function findOffers(text, signal) {
    const { results } = await get("/products", { text, per_page: FEW }, signal);
    remember(results);
    const offers = await offersById(
        results.flatMap((/** @type {any} */ product) => product.product_licenses.map((/** @type {any} */ one) => one.id)),
        signal,
    );
    return [...offers.values()].map((offer) => ({ value: offer.id, label: offer.product.name, note: offer.license?.name }));
}

/** @param {string} id @param {AbortSignal} signal @returns {Promise<import("../../base/pick.js").Option | null>} */
export async function knownOffer(id, signal) {
    const offer = (await offersById([id], signal)).get(id);
    return offer ? { value: id, label: offer.product.name, note: offer.license?.name } : null;
}

/** An offer in words. @param {Offer | undefined} offer */
export function offered(offer) {
    if (!offer) return h("span", { class: "quiet" }, "a product that you can't see");
    return [
        h("a", { class: "named", href: to(`products/${offer.product.id}`) }, offer.product.name),
        h("small", { class: "block" }, offer.license?.name ?? ""),
    ];
}
