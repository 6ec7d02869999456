/** How rights stand: whether they hold, and until when. */

const DAY = 86_400_000;

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
