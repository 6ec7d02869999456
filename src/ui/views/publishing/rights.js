/** What one may do with products, and in which words a product or build stands. */

import { moment } from "../../base/format.js";
import { session } from "../../base/session.js";
import { isPublic } from "../../parts/picture.js";

/** Whether one may change a product and all under it. @param {any} product */
export function mayEdit(product) {
    return session.user !== null && (product.user_id === session.user.id || session.may("products", "update"));
}

/**
 * Whether one may publish a product, or builds of it, and withdraw them.
 * @param {"products" | "builds"} resource @param {any} product
 */
export function mayPublish(resource, product) {
    return session.may(resource, "publish") || (session.rules.self_publishing && product.user_id === session.user?.id);
}

/** Whether a build has all that the operator requires of it before it is published. @param {any} build */
export function isReady(build) {
    const { review, check } = session.rules;
    if (!review && !check) return true;
    return build.submitted_at !== null && (!check || build.checked_at !== null) && (!review || build.validated_at !== null);
}

/** What a build consists of is fixed once it is public; what its manifest says of it, too. @param {any} build */
export function isFixed(build) {
    return build.published_at !== null && build.marketplace !== null;
}

/** How far a product is on its way to the public, and what that means. @param {any} product @returns {[string, string]} */
export function standing(product) {
    if (product.published_at === null) return ["draft", "Only its owner and those who keep products see it."];
    if (product.visible_at === null) return ["hidden", "It is published, and shown to nobody until Visible from is set."];
    if (!isPublic(product)) return ["waiting", `Everybody sees it from ${moment(product.visible_at)} on.`];
    return ["published", "Everybody sees it."];
}
