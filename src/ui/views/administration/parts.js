/** The parts of the administration, and who sees which. */

import { session } from "../../base/session.js";

/**
 * A part: the element of its list, and of the page of one where there is one.
 * @typedef {object} Part
 * @property {string} part As in the address.
 * @property {string} label
 * @property {string} group
 * @property {string} list
 * @property {string} [page]
 * @property {string} resource What one may have to do with to see it, as permissions name it.
 * @property {string[]} verbs Any of them.
 * @property {() => Promise<unknown>} load
 */

const WRITES = ["create", "update", "delete"];
const ANY = ["read", ...WRITES];

/** @type {Part[]} */
const PARTS = [
    {
        part: "users",
        label: "Users",
        group: "People",
        list: "mkt-admin-users",
        page: "mkt-admin-user",
        resource: "users",
        verbs: ["read"],
        load: () => import("./users.js"),
    },
    {
        part: "groups",
        label: "Groups",
        group: "People",
        list: "mkt-admin-groups",
        page: "mkt-admin-group",
        resource: "groups",
        verbs: ["read"],
        load: () => import("./groups.js"),
    },
    {
        part: "roles",
        label: "Roles",
        group: "People",
        list: "mkt-admin-roles",
        page: "mkt-admin-role",
        resource: "roles",
        verbs: ["read"],
        load: () => import("./roles.js"),
    },
    {
        part: "identity_providers",
        label: "Identity providers",
        group: "People",
        list: "mkt-admin-providers",
        page: "mkt-admin-provider",
        resource: "identity_providers",
        verbs: ANY,
        load: () => import("./providers.js"),
    },
    // Everybody reads these three, in the catalogue.
    {
        part: "licenses",
        label: "Licences",
        group: "Catalogue",
        list: "mkt-admin-licenses",
        resource: "licenses",
        verbs: WRITES,
        load: () => import("./licenses.js"),
    },
    {
        part: "interfaces",
        label: "Interfaces",
        group: "Catalogue",
        list: "mkt-admin-interfaces",
        page: "mkt-admin-interface",
        resource: "interfaces",
        verbs: WRITES,
        load: () => import("./interfaces.js"),
    },
    {
        part: "badges",
        label: "Badges",
        group: "Catalogue",
        list: "mkt-admin-badges",
        resource: "badges",
        verbs: WRITES,
        load: () => import("./badges.js"),
    },
    {
        part: "entitlements",
        label: "Entitlements",
        group: "Rights",
        list: "mkt-admin-entitlements",
        page: "mkt-admin-entitlement",
        resource: "entitlements",
        verbs: ANY,
        load: () => import("./entitlements.js"),
    },
    {
        part: "claims",
        label: "Claims",
        group: "Rights",
        list: "mkt-admin-claims",
        resource: "claims",
        verbs: ANY,
        load: () => import("./claims.js"),
    },
    {
        part: "vouchers",
        label: "Vouchers",
        group: "Rights",
        list: "mkt-admin-vouchers",
        resource: "vouchers",
        verbs: ANY,
        load: () => import("./vouchers.js"),
    },
    {
        part: "attempts",
        label: "Attempts",
        group: "Records",
        list: "mkt-admin-attempts",
        resource: "attempts",
        verbs: ["read"],
        load: () => import("./attempts.js"),
    },
    {
        part: "audit",
        label: "Audit log",
        group: "Records",
        list: "mkt-admin-audit",
        page: "mkt-admin-audit-entry",
        resource: "audit",
        verbs: ["read"],
        load: () => import("./audit.js"),
    },
];

/** Of everybody who sees any other. @type {Part} */
const OVERVIEW = {
    part: "",
    label: "Overview",
    group: "",
    list: "mkt-admin-overview",
    resource: "",
    verbs: [],
    load: () => import("./overview.js"),
};

/** The parts that one may see, the overview first. */
export function seen() {
    const some = PARTS.filter(({ resource, verbs }) => verbs.some((verb) => session.may(resource, verb)));
    return some.length > 0 ? [OVERVIEW, ...some] : [];
}
