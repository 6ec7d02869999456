/** What entitlements are to: an offer, which is a product under a licence; and how they stand. */

import { byId, get } from "../../base/api.js";

/** How many pages of products are looked through for offers; the API finds none by its id alone. */
const PAGES = 20;
const DAY = 86_400_000;

/** @typedef {{product: any, license: any}} Offer */

/** Offers that were found, which don't change. @type {Map<string, {product: any, license_id: string}>} */
const found = new Map();

/**
 * The offers of these ids, as far as one may see them.
 * @param {string[]} ids @param {AbortSignal} [signal] @returns {Promise<Map<string, Offer>>}
 */
export async function offersOf(ids, signal) {
    for (let page = 1; page <= PAGES && ids.some((id) => !found.has(id)); page += 1) {
        const products = await get("/products", { page, per_page: 500, sort: "created_at" }, signal);
        for (const product of products.results) for (const offer of product.product_licenses) found.set(
            offer.id,
            { product, license_id: offer.license_id },
        );
        if (!products.next_page) break;
    }
    const known = ids.flatMap((id) => found.get(id) ?? []);
    const licenses = await byId("/licenses", known.map((offer) => offer.license_id), signal);
    /** @type {Map<string, Offer>} */
    const offers = new Map();
    for (const id of ids) {
        const offer = found.get(id);
        if (offer) offers.set(id, { product: offer.product, license: licenses.get(offer.license_id) });
    }
    return offers;
}

/** When a right ends, if it does. @param {any} entitlement @param {any} license @returns {Date | null} */
export function endOf(entitlement, license) {
    if (license?.expiry === "relative_date") return new Date(new Date(entitlement.valid_from).getTime() + license.days_valid * DAY);
    return license?.expiry === "absolute_date" ? new Date(license.expires_at) : null;
}

/** Until when it is granted past its end. @param {Date} end @param {any} license */
export function graceOf(end, license) {
    return new Date(end.getTime() + (license?.grace_days ?? 0) * DAY);
}

/** How a right stands. @param {any} entitlement @param {any} license */
export function standing(entitlement, license) {
    const now = Date.now();
    const end = endOf(entitlement, license);
    if (new Date(entitlement.valid_from).getTime() > now) return "not yet valid";
    if (end && now >= end.getTime()) return now < graceOf(end, license).getTime() ? "grace" : "expired";
    return license?.uses > 0 && entitlement.authorization_count >= license.uses ? "used up" : "active";
}
