/** Users: who they are, how they sign in, and what they may do. */

import { all, byId, get, send } from "../../base/api.js";
import { h } from "../../base/dom.js";
import { to } from "../../base/router.js";
import { session } from "../../base/session.js";
import { ask } from "../../parts/dialog.js";
import { removal, remove } from "../../parts/removal.js";
import { copyable, empty, facts, section, table, when } from "../../parts/small.js";
import { finder, named } from "./names.js";
import { Page } from "./page.js";
import { address, list } from "./records.js";
import { rightsOf, rightsSection } from "./rights.js";

/** In how many groups somebody is looked for. */
const MOST_GROUPS = 200;

/** Where more is told of a user, and by which filter. */
const ELSEWHERE = [
    { part: "entitlements", resource: "entitlements", by: "user_id", label: "Entitlements" },
    { part: "vouchers", resource: "vouchers", by: "redeemed_by", label: "Vouchers redeemed" },
    { part: "attempts", resource: "attempts", by: "claimant_id", label: "Attempts" },
    { part: "audit", resource: "audit", by: "user_id", label: "What was done" },
];

/** @type {import("./records.js").Kind} */
const USERS = {
    part: "users",
    title: "Users",
    one: "user",
    path: "/users",
    resource: "users",
    told: ["user", "identity", "group", "member", "role", "appointment"],
    lead: "The people of the marketplace. Most come by themselves, when they sign in first; each is then given every default role.",
    filters: [
        { name: "text", label: "Search", placeholder: "Part of a name" },
        { name: "email", label: "Mail address" },
        { name: "external_id", label: "External id" },
    ],
    sorts: [
        ["name", "Name"],
        ["last_name", "Last name"],
        ["email", "Mail address"],
        ["-created_at", "Newest"],
        ["-updated_at", "Changed last"],
    ],
    columns: [
        ["Name", (user) => h("a", { class: "named", href: address(USERS, user.id) }, user.name)],
        ["Person", person],
        ["Mail address", (user) => user.email],
        ["Since", (user) => when(user.created_at)],
    ],
    fields: () => [
        { name: "name", required: true, help: "What others see." },
        { name: "email", label: "Mail address", kind: "email" },
        { name: "salutation" },
        { name: "first_name", label: "First or given name" },
        { name: "middle_name", label: "Middle name" },
        { name: "last_name", label: "Last or family name" },
        { name: "external_id", label: "External id", help: "The user's id in another system." },
    ],
    called: (user) => user.name,
    loses: "With a user go the identities and tokens to sign in with, platforms with their instances, and entitlements with their claims.",
};
list("mkt-admin-users", USERS);

/** @param {any} user */
function person(user) {
    return [user.salutation, user.first_name, user.middle_name, user.last_name].filter(Boolean).join(" ");
}

class User extends Page {
    kind = USERS;

    async load(/** @type {AbortSignal} */ signal) {
        const row = await this.row(signal);
        const [identities, memberships] = await Promise.all([this.#identities(signal), this.#memberships(signal)]);
        const rights = await rightsOf([row.id, ...(memberships ?? []).map(({ group }) => group.id)], signal);
        return { row, identities, memberships, rights };
    }

    /** @param {AbortSignal} signal */
    async #identities(signal) {
        if (!session.may("identities", "read")) return null;
        const found = await all(`${this.path}/identities`, {}, signal);
        return {
            found,
            providers: await byId(
                "/identity_providers",
                found.map((one) => one.identity_provider_id),
                signal,
            ),
        };
    }

    /** The groups that the user is in. The API lists members by group, so each group is asked. @param {AbortSignal} signal */
    async #memberships(signal) {
        if (!session.may("groups", "read") || !session.may("members", "read")) return null;
        const groups = (await get("/groups", { per_page: MOST_GROUPS }, signal)).results;
        const pages = await Promise.all(
            groups.map((/** @type {any} */ group) => get(`${group.path}/members`, { user_id: this.params.id, per_page: 1 }, signal)),
        );
        return pages.flatMap((page, index) => page.results.map((/** @type {any} */ member) => ({ group: groups[index], member })));
    }

    view(/** @type {any} */ { row, identities, memberships, rights }) {
        const groups = new Map((memberships ?? []).map((/** @type {any} */ { group }) => [group.id, group]));
        return [
            this.head(row, row.id === session.user?.id ? h("span", { class: "chip accent" }, "you") : null),
            section("Facts", [
                facts([
                    ["Person", person(row)],
                    ["Mail address", row.email ? h("a", { href: `mailto:${row.email}` }, row.email) : null],
                    ["External id", row.external_id],
                    ["Since", when(row.created_at)],
                    ["Changed", when(row.updated_at)],
                    ["Id", copyable(row.id, "id")],
                ]),
                h(
                    "p",
                    { class: "actions links" },
                    ELSEWHERE.filter(({ resource }) => session.may(resource, "read")).map(({ part, by, label }) =>
                        h("a", { key: part, href: to(`administration/${part}`, { [by]: row.id }) }, label),
                    ),
                ),
            ]),
            rights ? rightsSection(rights, "User", row, groups, () => this.refresh()) : null,
            memberships ? this.#groups(row, memberships, groups) : null,
            identities ? this.#ways(row, identities) : null,
        ];
    }

    /** @param {any} row @param {any[]} memberships @param {Map<string, any>} groups */
    #groups(row, memberships, groups) {
        /** @type {import("./records.js").Columns} */
        const columns = [
            ["Group", ({ group }) => named("groups", group.id, groups)],
            ["Who they are", ({ group }) => group.description],
            ["Since", ({ member }) => when(member.created_at)],
        ];
        const leave = async (/** @type {any} */ { group, member }) => {
            const told = `${row.name} loses the roles and rights that come with the group.`;
            if (await remove(`${row.name} from ${group.name}`, `${group.path}/members/${member.id}`, told, "Remove")) this.refresh();
        };
        if (session.may("members", "delete")) {
            columns.push(["", (one) => removal("Remove", `from ${one.group.name}`, () => leave(one))]);
        }
        const join = async () => {
            /** @type {import("../../base/form.js").Field[]} */
            const fields = [{ name: "group", kind: "pick", required: true, find: finder("groups"), placeholder: "Part of the name" }];
            const submit = (/** @type {any} */ { group }) => send("POST", `/groups/${group}/members`, { user_id: row.id });
            if (await ask(`Add ${row.name} to a group`, { fields, action: "Add", submit })) this.refresh();
        };
        return section(
            "Groups",
            memberships.length > 0
                ? table("Groups", columns, memberships, ({ group }) => group.id)
                : empty("In no group", `${row.name} shares nobody's roles and rights.`),
            session.may("members", "create") ? h("button", { type: "button", onclick: join }, "Add to a group") : null,
        );
    }

    /** @param {any} row @param {any} identities */
    #ways(row, { found, providers }) {
        /** @type {import("./records.js").Columns} */
        const columns = [
            ["Provider", (one) => named("identity_providers", one.identity_provider_id, providers)],
            ["Id there", (one) => h("code", {}, one.sub)],
            ["Mail address", (one) => one.email],
            ["Signed in", (one) => when(one.iat ?? one.updated_at)],
        ];
        const cut = async (/** @type {any} */ one) => {
            const told = `${row.name} can't sign in this way any more, and tokens made by it end at once. Who does again is a new user.`;
            if (await remove(`identity ${one.sub}`, `${this.path}/identities/${one.id}`, told)) this.refresh();
        };
        if (session.may("identities", "delete")) {
            columns.push(["", (one) => removal("Delete", `identity ${one.sub}`, () => cut(one))]);
        }
        return section(
            "Identities",
            found.length > 0
                ? table("Identities", columns, found, (one) => one.id)
                : empty("No identities", `${row.name} has never signed in with an identity provider.`),
        );
    }
}
customElements.define("mkt-admin-user", User);
