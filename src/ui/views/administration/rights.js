/** The roles that somebody has: the same for a user and for a group. The API lists them by role, so each role is asked. */

import { all, get, send } from "../../base/api.js";
import { h } from "../../base/dom.js";
import { session } from "../../base/session.js";
import { ask } from "../../parts/dialog.js";
import { removal, remove } from "../../parts/removal.js";
import { empty, section, table, when } from "../../parts/small.js";
import { named } from "./names.js";

/** @typedef {{roles: any[], appointments: any[]}} Rights */

/**
 * The roles of some users and groups, and of whom each is.
 * @param {string[]} ids @param {AbortSignal} signal
 * @returns {Promise<Rights | null>}
 */
export async function rightsOf(ids, signal) {
    if (!session.may("roles", "read") || !session.may("appointments", "read")) return null;
    const roles = await all("/roles", {}, signal);
    const pages = await Promise.all(
        roles.map((role) => get(`/roles/${role.id}/appointments`, { entity_id: ids.slice(0, 100).join(","), per_page: 100 }, signal)),
    );
    return { roles, appointments: pages.flatMap((page) => page.results) };
}

/**
 * @param {Rights} rights @param {"User" | "Group"} type @param {any} row Whose they are.
 * @param {Map<string, any>} groups By way of which one may have them.
 * @param {() => void} again
 */
export function rightsSection({ roles, appointments }, type, row, groups, again) {
    const byRole = new Map(roles.map((role) => [role.id, role]));
    const own = new Set(appointments.filter((one) => one.entity_id === row.id).map((one) => one.role_id));
    const free = roles.filter((role) => !own.has(role.id));
    /** @type {import("./records.js").Columns} */
    const columns = [
        ["Role", (one) => named("roles", one.role_id, byRole)],
        ["For", (one) => byRole.get(one.role_id)?.description],
        ["Had", (one) => (one.entity_id === row.id ? "directly" : ["as a member of ", named("groups", one.entity_id, groups)])],
        ["Since", (one) => when(one.created_at)],
    ];
    if (session.may("appointments", "delete")) {
        columns.push(["", (one) => (one.entity_id === row.id ? dismissal(one, byRole.get(one.role_id), row, again) : null)]);
    }
    const appoint = async () => {
        /** @type {import("../../base/form.js").Field[]} */
        const fields = [{ name: "role", kind: "choice", required: true, choices: free.map((role) => [role.id, role.name]) }];
        const submit = (/** @type {any} */ { role }) =>
            send("POST", `/roles/${role}/appointments`, { entity_type: type, entity_id: row.id });
        if (await ask(`Give ${row.name} a role`, { fields, action: "Appoint", submit })) again();
    };
    return section(
        "Roles",
        appointments.length > 0
            ? table("Roles", columns, appointments, (one) => one.id)
            : empty("No roles", `${row.name} may do what everybody may, and no more.`),
        session.may("appointments", "create") && free.length > 0 ? h("button", { type: "button", onclick: appoint }, "Give a role") : null,
    );
}

/** @param {any} appointment @param {any} role @param {any} row @param {() => void} again */
function dismissal(appointment, role, row, again) {
    const drop = async () => {
        const told = `${row.name} may do nothing any more that only this role permits, at once and wherever signed in.`;
        if (await remove(`role ${role.name}`, `/roles/${role.id}/appointments/${appointment.id}`, told, "Take away")) again();
    };
    return removal("Take away", role.name, drop);
}
