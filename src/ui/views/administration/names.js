/** What records that are referred to by their ids are called, and how they are found by their names. */

import { byId, find, get } from "../../base/api.js";
import { h } from "../../base/dom.js";
import { to } from "../../base/router.js";

/** @typedef {import("../../base/pick.js").Option} Option */
/** @typedef {import("../../base/pick.js").Find} Find */
/** @typedef {"users" | "groups" | "roles" | "products" | "interfaces" | "licenses" | "identity_providers"} Named */

/** How many are offered to choose from. */
const FEW = 8;

/**
 * By which filter each is found, and what is told beside its name.
 * @type {Record<Named, {by: string, note: (record: any) => string | null}>}
 */
const NAMED = {
    users: { by: "text", note: (user) => user.email },
    groups: { by: "name", note: (group) => group.description },
    roles: { by: "name", note: (role) => role.description },
    products: { by: "text", note: (product) => product.latest_build?.version ?? null },
    interfaces: { by: "name", note: (one) => one.uri },
    licenses: { by: "name", note: (license) => license.description },
    identity_providers: { by: "name", note: (provider) => provider.issuer },
};

/** @param {Named} kind @param {any} record @returns {Option} */
function option(kind, record) {
    return { value: record.id, label: record.name, note: NAMED[kind].note(record) };
}

/** Finds some by a part of their name. @param {Named} kind @returns {Find} */
export function finder(kind) {
    return async (text, signal) => {
        const page = await get(`/${kind}`, { [NAMED[kind].by]: text, per_page: FEW }, signal);
        return page.results.map((/** @type {any} */ record) => option(kind, record));
    };
}

/** Knows one by its id. @param {Named} kind @returns {(id: string, signal: AbortSignal) => Promise<Option | null>} */
export function knower(kind) {
    return async (id, signal) => {
        const record = await find(`/${kind}/${encodeURIComponent(id)}`, signal);
        return record && option(kind, record);
    };
}

/** Users and groups, which may stand for each other, by id. @param {{type: string, id: string}[]} parties @param {AbortSignal} signal */
export async function partiesById(parties, signal) {
    const ids = (/** @type {string} */ type) => parties.filter((party) => party.type === type).map(({ id }) => id);
    const [users, groups] = await Promise.all([byId("/users", ids("User"), signal), byId("/groups", ids("Group"), signal)]);
    return new Map([...users, ...groups]);
}

/**
 * A link to what an id means; the id alone where it is gone, or not to be seen.
 * @param {Named} kind @param {string | null} id @param {Map<string, any>} known
 */
export function named(kind, id, known) {
    if (!id) return null;
    const record = known.get(id);
    if (!record) return h("code", { class: "quiet", title: "Gone, or not for you to see" }, `${id.slice(0, 8)}…`);
    return h("a", { class: "named", href: to(kind === "products" ? `products/${id}` : `administration/${kind}/${id}`) }, record.name);
}

/** A user or a group. @param {string} type @param {string} id @param {Map<string, any>} known */
export function party(type, id, known) {
    const link = named(type === "Group" ? "groups" : "users", id, known);
    return type === "Group" ? [link, " ", h("span", { class: "chip" }, "group")] : link;
}

/** The fields that ask for a user or a group, of a form for something that either may have. @type {import("../../base/form.js").Field[]} */
export const PARTY = [
    {
        name: "type",
        label: "For",
        kind: "choice",
        choices: [
            ["User", "A user"],
            ["Group", "A group"],
        ],
    },
    {
        name: "user",
        label: "User",
        kind: "pick",
        required: true,
        find: finder("users"),
        placeholder: "Part of the name",
        when: ({ type }) => type === "User",
    },
    {
        name: "group",
        label: "Group",
        kind: "pick",
        required: true,
        find: finder("groups"),
        placeholder: "Part of the name",
        when: ({ type }) => type === "Group",
    },
];

/** Finds users and groups at once. @type {Find} */
export async function findParties(text, signal) {
    const [users, groups] = await Promise.all([finder("users")(text, signal), finder("groups")(text, signal)]);
    return [...users, ...groups.map((group) => ({ ...group, note: "group" }))];
}

/** Knows a user or a group by its id. @param {string} id @param {AbortSignal} signal */
export async function knownParty(id, signal) {
    return (await knower("users")(id, signal)) ?? (await knower("groups")(id, signal));
}
