/** Roles: what they permit, and who is appointed to them. */

import { get, send } from "../../base/api.js";
import { h } from "../../base/dom.js";
import { several } from "../../base/format.js";
import { go, to } from "../../base/router.js";
import { session } from "../../base/session.js";
import { ask } from "../../parts/dialog.js";
import { pager } from "../../parts/pager.js";
import { removal, remove } from "../../parts/removal.js";
import { empty, section, table, when } from "../../parts/small.js";
import { PARTY, partiesById, party } from "./names.js";
import { Page } from "./page.js";
import "./permissions.js";
import { address, list } from "./records.js";

const PER_PAGE = 25;

/** @typedef {import("../../base/dom.js").Child} Child */

/** How much a role permits, in words. @param {any} role */
function extent(role) {
    if (role.permissions.everything?.manage) return "everything";
    const resources = Object.entries(role.permissions).filter(([, verbs]) => Object.values(verbs).some(Boolean));
    if (resources.length === 0) return "nothing yet";
    if (resources.length > 3) return `something with ${several(resources.length, "resource")}`;
    return resources.map(([name]) => name.replaceAll("_", " ")).join(", ");
}

/** @type {import("./records.js").Kind} */
const ROLES = {
    part: "roles",
    title: "Roles",
    one: "role",
    path: "/roles",
    resource: "roles",
    told: ["role", "appointment"],
    lead: "What users and groups are permitted to do. Several roles add up; nothing takes away. Nobody can give more than they have.",
    filters: [
        { name: "name", label: "Name" },
        { name: "description", label: "Description" },
        {
            name: "default",
            label: "Of new users",
            choices: [
                ["true", "Every new user"],
                ["false", "Only who is appointed"],
            ],
        },
    ],
    sorts: [
        ["name", "Name"],
        ["-created_at", "Newest"],
        ["-updated_at", "Changed last"],
    ],
    columns: [
        ["Name", (role) => h("a", { class: "named", href: address(ROLES, role.id) }, role.name)],
        ["For", (role) => role.description],
        ["Permits", extent],
        ["Of new users", (role) => (role.default ? h("span", { class: "chip accent" }, "default") : "no")],
    ],
    fields: (row) => [
        { name: "name", required: true },
        { name: "description", label: "What it is for", kind: "long" },
        {
            name: "default",
            label: "Every new user is appointed to it",
            kind: "boolean",
            help: row ? "Who is a user already stays as they are." : "What it permits is chosen next.",
        },
    ],
    // What a new one permits is chosen on its page; of one that is there it stays.
    prepare: (values, row) => (row ? values : { permissions: {}, ...values }),
    called: (role) => role.name,
    loses: "Who was appointed to it may do nothing any more that only this role permits, at once.",
    made: (role) => go(address(ROLES, role.id)),
};
list("mkt-admin-roles", ROLES);

class Role extends Page {
    kind = ROLES;

    async load(/** @type {AbortSignal} */ signal) {
        const query = { page: this.query.get("page") ?? 1, per_page: PER_PAGE, sort: "created_at", order: "descending" };
        const [row, appointments] = await Promise.all([
            this.row(signal),
            session.may("appointments", "read") ? get(`${this.path}/appointments`, query, signal) : null,
        ]);
        const parties = (appointments?.results ?? []).map((/** @type {any} */ one) => ({ type: one.entity_type, id: one.entity_id }));
        return { row, appointments, parties: await partiesById(parties, signal) };
    }

    view(/** @type {any} */ { row, appointments, parties }) {
        const save = async (/** @type {any} */ permissions) => {
            await send("PATCH", this.path, { permissions });
            await Promise.all([this.refresh(), session.look()]);
        };
        return [
            this.head(row, row.default ? h("span", { class: "chip accent" }, "default") : null),
            row.description ? h("p", { class: "prose" }, row.description) : null,
            appointments ? this.#appointments(row, appointments, parties) : null,
            section("Permissions", h("mkt-permissions", { permissions: row.permissions, isFixed: !session.may("roles", "update"), save })),
        ];
    }

    /** @param {any} row @param {import("../../base/api.js").Page} appointments @param {Map<string, any>} parties */
    #appointments(row, appointments, parties) {
        /** @type {import("./records.js").Columns} */
        const columns = [
            ["Who", (one) => party(one.entity_type, one.entity_id, parties)],
            ["Since", (one) => when(one.created_at)],
        ];
        const drop = async (/** @type {any} */ one, /** @type {string} */ name) => {
            const told = `${name} may do nothing any more that only this role permits, at once and wherever signed in.`;
            if (await remove(`${name} from ${row.name}`, `${this.path}/appointments/${one.id}`, told, "Remove")) this.refresh();
        };
        if (session.may("appointments", "delete")) {
            columns.push([
                "",
                (one) => {
                    const name = parties.get(one.entity_id)?.name ?? "who was appointed";
                    return removal("Remove", name, () => drop(one, name));
                },
            ]);
        }
        const appoint = async () => {
            const submit = (/** @type {any} */ { type, user, group }) =>
                send("POST", `${this.path}/appointments`, { entity_type: type, entity_id: type === "Group" ? group : user });
            if (await ask(`Appoint somebody to ${row.name}`, { fields: PARTY, action: "Appoint", submit })) this.refresh();
        };
        return section(
            "Who has it",
            [
                h("p", { class: "quiet" }, several(appointments.total_entries, "appointment")),
                appointments.results.length > 0
                    ? table("Who has it", columns, appointments.results, (one) => one.id)
                    : empty("Nobody", "A role permits nothing until somebody is appointed to it."),
                pager(appointments, (page) => to(`administration/roles/${row.id}`, { page })),
            ],
            session.may("appointments", "create")
                ? h("button", { type: "button", class: "primary", onclick: appoint }, "Appoint somebody")
                : null,
        );
    }
}
customElements.define("mkt-admin-role", Role);
