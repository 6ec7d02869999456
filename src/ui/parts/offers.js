/** Offers, which are products under licences: what entitlements and vouchers are for. The API has them with their products. */

import { byId, get } from "../base/api.js";
import { h } from "../base/dom.js";
import { to } from "../base/router.js";

/** How many are asked for at once. */
const AT_ONCE = 100;

/** @typedef {{id: string, product: any, license: any}} Offer */

/** The offers that products come with, by their ids. @param {any[]} products @param {AbortSignal} [signal] @returns {Promise<Map<string, Offer>>} */
export async function offersOf(products, signal) {
    const offers = products.flatMap((product) => product.product_licenses.map((/** @type {any} */ offer) => ({ product, ...offer })));
    const licenses = await byId(
        "/licenses",
        offers.map((offer) => offer.license_id),
        signal,
    );
    return new Map(offers.map(({ id, product, license_id }) => [id, { id, product, license: licenses.get(license_id) ?? null }]));
}

/** The offers of these ids, as far as one may see them. @param {Iterable<string>} ids @param {AbortSignal} [signal] */
export async function offersById(ids, signal) {
    const wanted = [...new Set(ids)];
    const products = [];
    for (let start = 0; start < wanted.length; start += AT_ONCE) {
        const some = wanted.slice(start, start + AT_ONCE);
        const page = await get("/products", { product_license_id: some.join(","), per_page: AT_ONCE }, signal);
        products.push(...page.results);
    }
    return offersOf(products, signal);
}

/** An offer in words. @param {Offer | undefined} offer */
export function offered(offer) {
    if (!offer) return h("span", { class: "quiet" }, "a product that you can't see");
    return [
        h("a", { class: "named", href: to(`products/${offer.product.id}`) }, offer.product.name),
        h("small", { class: "block" }, offer.license?.name ?? ""),
    ];
}
