/** The audit log: who did what to what, when and from where. */

import { byId, find, get } from "../../base/api.js";
import { h } from "../../base/dom.js";
import { moment, title } from "../../base/format.js";
import { View } from "../../base/view.js";
import { copyable, facts, heading, section, table, trail, when } from "../../parts/small.js";
import { finder, knower, named } from "./names.js";
import { address, list } from "./records.js";

/** What can be done. @type {[string, string][]} */
const ACTIONS = [
    ["create", "created"],
    ["update", "changed"],
    ["delete", "deleted"],
    ["sign_in", "signed in"],
    ["sign_out", "signed out"],
];

/** What it can be done to, as the log names it. */
const TYPES = [
    "appointment",
    "badge",
    "build",
    "claim",
    "configuration",
    "dependency",
    "entitlement",
    "exposure",
    "group",
    "identity",
    "identity_provider",
    "instance",
    "interface",
    "license",
    "logo",
    "member",
    "parameter",
    "platform",
    "product",
    "product_license",
    "publisher_key",
    "role",
    "screenshot",
    "sub_product",
    "surrogate",
    "task",
    "token",
    "user",
    "voucher",
];

/** Kinds that have a page here. @type {Record<string, import("./names.js").Named>} */
const PAGES = {
    user: "users",
    group: "groups",
    role: "roles",
    product: "products",
    interface: "interfaces",
    identity_provider: "identity_providers",
};

/** @param {any} entry */
function done(entry) {
    return ACTIONS.find(([action]) => action === entry.action)?.[1] ?? entry.action;
}

/** The users that entries tell of. @param {any[]} entries @param {AbortSignal} signal */
function actors(entries, signal) {
    return byId(
        "/users",
        entries.map((entry) => entry.user_id),
        signal,
    );
}

/** @param {any} entry @param {Map<string, any>} users */
function actor(entry, users) {
    if (entry.user_id) return named("users", entry.user_id, users);
    return entry.platform_id
        ? ["platform ", h("code", {}, `${entry.platform_id.slice(0, 8)}…`)]
        : h("span", { class: "quiet" }, "the marketplace");
}

/** @type {import("./records.js").Kind} */
const AUDIT = {
    part: "audit",
    title: "Audit log",
    one: "entry",
    many: "entries",
    path: "/audit_events",
    resource: "audit",
    told: ["audit_event"],
    lead: "Who did what to what, when and from where. It can't be changed. What goes with something deleted has no entry of its own.",
    filters: [
        { name: "user_id", label: "By", find: finder("users"), known: knower("users") },
        { name: "action", label: "What was done", choices: ACTIONS },
        {
            name: "resource_type",
            label: "To what",
            choices: TYPES.map((type) => [type, title(type).replace("license", "licence").replace("License", "Licence")]),
        },
        { name: "since", label: "From (UTC)", day: true },
        { name: "until", label: "Before (UTC)", day: true },
        { name: "address", label: "From address" },
        { name: "resource_id", label: "Id of the thing", placeholder: "UUID", whole: /^[0-9a-f]{8}(-?[0-9a-f]{4}){3}-?[0-9a-f]{12}$/i },
    ],
    sorts: [
        ["-created_at", "Newest"],
        ["created_at", "Oldest"],
        ["action", "What was done"],
        ["resource_type", "To what"],
        ["address", "From address"],
    ],
    relate: actors,
    columns: [
        ["When", (entry) => when(entry.created_at)],
        ["Who", (entry, users) => actor(entry, users)],
        ["Did", done],
        [
            "What",
            (entry) => [
                entry.resource_type.replaceAll("_", " "),
                " ",
                entry.resource_id ? h("code", { class: "quiet", title: entry.resource_id }, `${entry.resource_id.slice(0, 8)}…`) : null,
            ],
        ],
        ["From", (entry) => entry.address],
        [
            "Details",
            (entry) =>
                h(
                    "a",
                    {
                        href: address(AUDIT, entry.id),
                        "aria-label": `See details: ${done(entry)} ${entry.resource_type.replaceAll("_", " ")}, ${moment(entry.created_at)}`,
                    },
                    "See",
                ),
        ],
    ],
    called: (entry) => entry.resource_type,
};
list("mkt-admin-audit", AUDIT);

/** One entry, with what it tells of before and after. */
class Entry extends View {
    get name() {
        return "Audit log entry";
    }

    async load(/** @type {AbortSignal} */ signal) {
        const entry = await get(`/audit_events/${encodeURIComponent(this.params.id)}`, undefined, signal);
        const page = PAGES[entry.resource_type];
        const [users, thing] = await Promise.all([
            actors([entry], signal),
            page && entry.resource_id ? find(`/${page}/${entry.resource_id}`, signal) : null,
        ]);
        return { entry, users, thing };
    }

    view(/** @type {any} */ { entry, users, thing }) {
        const names = [...new Set([...Object.keys(entry.before ?? {}), ...Object.keys(entry.after ?? {})])].sort();
        const value = (/** @type {any} */ side, /** @type {string} */ name) => {
            const told = side?.[name];
            if (told === undefined || told === null) return h("span", { class: "quiet" }, "none");
            return typeof told === "object" ? h("pre", { tabindex: "0" }, JSON.stringify(told, null, 2)) : String(told);
        };
        const kind = entry.resource_type.replaceAll("_", " ");
        const page = PAGES[entry.resource_type];
        return [
            trail([AUDIT.title, address(AUDIT)]),
            heading(`${title(kind)} ${done(entry)}`),
            section(
                "Facts",
                facts([
                    ["When", moment(entry.created_at)],
                    ["Who", actor(entry, users)],
                    ["Did", done(entry)],
                    ["What", kind],
                    ["Which", thing ? named(page, thing.id, new Map([[thing.id, thing]])) : null],
                    ["Its id", entry.resource_id ? copyable(entry.resource_id, "id") : null],
                    ["From", entry.address],
                    ["By platform", entry.platform_id ? copyable(entry.platform_id, "platform's id") : null],
                    ["By token", entry.token_id ? copyable(entry.token_id, "token's id") : null],
                    [
                        "All about it",
                        entry.resource_id
                            ? h("a", { href: `${address(AUDIT)}?resource_id=${entry.resource_id}` }, "Entries about the same thing")
                            : null,
                    ],
                ]),
            ),
            section(
                "What changed",
                names.length === 0
                    ? h(
                          "p",
                          { class: "quiet" },
                          "Of this kind of thing the log tells only what bears on who may do what, and none of that changed.",
                      )
                    : table(
                          "What changed",
                          [
                              ["Field", (name) => title(name)],
                              ["Before", (name) => value(entry.before, name)],
                              ["After", (name) => value(entry.after, name)],
                          ],
                          names,
                          (name) => name,
                      ),
            ),
        ];
    }
}
customElements.define("mkt-admin-audit-entry", Entry);
