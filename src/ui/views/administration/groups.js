/** Groups: users who are given roles and rights together. */

import { byId, get, send } from "../../base/api.js";
import { h } from "../../base/dom.js";
import { several } from "../../base/format.js";
import { to } from "../../base/router.js";
import { session } from "../../base/session.js";
import { ask } from "../../parts/dialog.js";
import { pager } from "../../parts/pager.js";
import { removal, remove } from "../../parts/removal.js";
import { copyable, empty, facts, section, table, when } from "../../parts/small.js";
import { finder, named } from "./names.js";
import { Page } from "./page.js";
import { address, list } from "./records.js";
import { rightsOf, rightsSection } from "./rights.js";

const PER_PAGE = 25;

/** @type {import("./records.js").Kind} */
const GROUPS = {
    part: "groups",
    title: "Groups",
    one: "group",
    path: "/groups",
    resource: "groups",
    told: ["group", "member", "role", "appointment", "user"],
    lead: "Users who are given roles and rights together, such as a department.",
    filters: [
        { name: "name", label: "Name" },
        { name: "description", label: "Description" },
    ],
    sorts: [
        ["name", "Name"],
        ["-created_at", "Newest"],
        ["-updated_at", "Changed last"],
    ],
    columns: [
        ["Name", (group) => h("a", { class: "named", href: address(GROUPS, group.id) }, group.name)],
        ["Who they are", (group) => group.description],
        ["Members", (group, members) => members?.get(group.id) ?? null],
        ["Since", (group) => when(group.created_at)],
    ],
    async relate(groups, signal) {
        if (!session.may("members", "read")) return null;
        const pages = await Promise.all(groups.map((group) => get(`${group.path}/members`, { per_page: 1 }, signal)));
        return new Map(groups.map((group, index) => [group.id, String(pages[index].total_entries)]));
    },
    fields: () => [
        { name: "name", required: true },
        { name: "description", label: "Who they are", kind: "long" },
    ],
    called: (group) => group.name,
    loses: "Its members lose the roles that they have by it, and the claims of the group end. The users themselves stay.",
};
list("mkt-admin-groups", GROUPS);

class Group extends Page {
    kind = GROUPS;

    async load(/** @type {AbortSignal} */ signal) {
        const row = await this.row(signal);
        const members = session.may("members", "read")
            ? await get(
                  `${this.path}/members`,
                  { page: this.query.get("page") ?? 1, per_page: PER_PAGE, sort: "created_at", order: "descending" },
                  signal,
              )
            : null;
        const [users, rights] = await Promise.all([
            byId(
                "/users",
                (members?.results ?? []).map((/** @type {any} */ one) => one.user_id),
                signal,
            ),
            rightsOf([row.id], signal),
        ]);
        return { row, members, users, rights };
    }

    view(/** @type {any} */ { row, members, users, rights }) {
        return [
            this.head(row),
            section(
                "Facts",
                facts([
                    ["Who they are", row.description],
                    ["Since", when(row.created_at)],
                    ["Id", copyable(row.id, "id")],
                ]),
            ),
            members ? this.#members(row, members, users) : null,
            rights ? rightsSection(rights, "Group", row, new Map(), () => this.refresh()) : null,
        ];
    }

    /** @param {any} row @param {import("../../base/api.js").Page} members @param {Map<string, any>} users */
    #members(row, members, users) {
        /** @type {import("./records.js").Columns} */
        const columns = [
            ["Name", (one) => named("users", one.user_id, users)],
            ["Mail address", (one) => users.get(one.user_id)?.email],
            ["Member since", (one) => when(one.created_at)],
        ];
        const drop = async (/** @type {any} */ one, /** @type {string} */ name) => {
            const told = `${name} loses the roles and rights that come with the group, and stays a user.`;
            if (await remove(`${name} from ${row.name}`, `${this.path}/members/${one.id}`, told, "Remove")) this.refresh();
        };
        if (session.may("members", "delete")) {
            columns.push([
                "",
                (one) => {
                    const name = users.get(one.user_id)?.name ?? "the member";
                    return removal("Remove", name, () => drop(one, name));
                },
            ]);
        }
        const add = async () => {
            /** @type {import("../../base/form.js").Field[]} */
            const fields = [
                {
                    name: "user_id",
                    label: "User",
                    kind: "pick",
                    required: true,
                    find: finder("users"),
                    placeholder: "Part of the name",
                },
            ];
            const submit = (/** @type {any} */ values) => send("POST", `${this.path}/members`, values);
            if (await ask(`Add a member to ${row.name}`, { fields, action: "Add", submit })) this.refresh();
        };
        return section(
            "Members",
            [
                h("p", { class: "quiet" }, several(members.total_entries, "member")),
                members.results.length > 0
                    ? table("Members", columns, members.results, (one) => one.id)
                    : empty("Nobody yet", "Users who are added have the group's roles and rights at once."),
                pager(members, (page) => to(`administration/groups/${row.id}`, { page })),
            ],
            session.may("members", "create") ? h("button", { type: "button", class: "primary", onclick: add }, "Add a member") : null,
        );
    }
}
customElements.define("mkt-admin-group", Group);
