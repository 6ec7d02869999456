/** Offers in lists, and choosing one: by what its product is called. */

import { byId, get } from "../../base/api.js";
import { offersById, offersOf } from "../../parts/offers.js";

/** How many products' offers there are to choose from. */
const FEW = 8;

/** @param {import("../../parts/offers.js").Offer} offer @returns {import("../../base/pick.js").Option} */
const option = ({ id, product, license }) => ({ value: id, label: product.name, note: license?.name });

/** Finds offers by what their products are called. @type {import("../../base/pick.js").Find} */
export async function findOffers(text, signal) {
    const { results } = await get("/products", { text, per_page: FEW }, signal);
    return [...(await offersOf(results, signal)).values()].map(option);
}

/** @param {string} id @param {AbortSignal} signal @returns {Promise<import("../../base/pick.js").Option | null>} */
export async function knownOffer(id, signal) {
    const offer = (await offersById([id], signal)).get(id);
    return offer ? option(offer) : null;
}

/**
 * What rows tell of others: their offers, and the users in one of their fields.
 * @param {any[]} rows @param {string} user The field. @param {AbortSignal} signal
 */
export async function offersAndUsers(rows, user, signal) {
    const ids = (/** @type {string} */ field) => rows.map((row) => row[field]);
    const [offers, users] = await Promise.all([offersById(ids("product_license_id"), signal), byId("/users", ids(user), signal)]);
    return { offers, users };
}
