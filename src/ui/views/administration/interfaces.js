/** Interfaces, which builds offer and need, and which of them may stand in for each other. */

import { byId, get, send } from "../../base/api.js";
import { h } from "../../base/dom.js";
import { to } from "../../base/router.js";
import { session } from "../../base/session.js";
import { ask } from "../../parts/dialog.js";
import { pager } from "../../parts/pager.js";
import { removal, remove } from "../../parts/removal.js";
import { copyable, empty, facts, section, table, when } from "../../parts/small.js";
import { finder, named } from "./names.js";
import { Page } from "./page.js";
import { address, list } from "./records.js";

const PER_PAGE = 50;

/** @type {import("./records.js").Kind} */
const INTERFACES = {
    part: "interfaces",
    title: "Interfaces",
    one: "interface",
    path: "/interfaces",
    resource: "interfaces",
    told: ["interface", "surrogate"],
    lead: "Versioned contracts, such as FHIR R4. Builds expose some and depend upon others, by which the marketplace wires them together.",
    filters: [
        { name: "name", label: "Name" },
        { name: "uri", label: "Identifier" },
        { name: "version", label: "Version" },
    ],
    sorts: [
        ["name", "Name"],
        ["uri", "Identifier"],
        ["-ordinal", "Newest version"],
        ["-created_at", "Made last"],
        ["-updated_at", "Changed last"],
    ],
    columns: [
        ["Name", (one) => h("a", { class: "named", href: address(INTERFACES, one.id) }, one.name)],
        ["Identifier", (one) => h("code", { class: "long" }, one.uri)],
        ["Version", (one) => one.version],
        ["Place", (one) => String(one.ordinal)],
    ],
    fields: () => [
        { name: "name", required: true },
        { name: "uri", label: "Identifier", required: true, help: "What identifies it in all versions, usually an address." },
        { name: "version", required: true },
        { name: "ordinal", label: "Place among the versions", kind: "number", help: "Higher is newer." },
    ],
    prepare: (values) => ({ ...values, ordinal: values.ordinal ?? 0 }),
    called: (one) => one.name,
    loses: "What may stand in for it is forgotten, and for what it may. An interface that builds expose or need can't be deleted.",
};
list("mkt-admin-interfaces", INTERFACES);

/** One interface with its surrogates. */
class Interface extends Page {
    kind = INTERFACES;

    async load(/** @type {AbortSignal} */ signal) {
        const query = { page: this.query.get("page") ?? 1, per_page: PER_PAGE, sort: "created_at" };
        const [row, surrogates] = await Promise.all([this.row(signal), get(`${this.path}/surrogates`, query, signal)]);
        const substitutes = await byId(
            "/interfaces",
            surrogates.results.map((/** @type {any} */ one) => one.substitute_id),
            signal,
        );
        return { row, surrogates, substitutes };
    }

    view(/** @type {any} */ { row, surrogates, substitutes }) {
        /** @type {import("./records.js").Columns} */
        const columns = [
            ["Interface", (one) => named("interfaces", one.substitute_id, substitutes)],
            ["Version", (one) => substitutes.get(one.substitute_id)?.version],
            ["Since", (one) => when(one.created_at)],
        ];
        if (session.may("surrogates", "delete")) columns.push(["", (one) => this.#remove(one, substitutes)]);
        const none = empty("Nothing stands in for it", `Who needs ${row.name} is given ${row.name} and nothing else.`);
        return [
            this.head(row),
            section(
                "Facts",
                facts([
                    ["Identifier", copyable(row.uri, "identifier")],
                    ["Version", row.version],
                    ["Place among the versions", String(row.ordinal)],
                    ["Changed", when(row.updated_at)],
                ]),
            ),
            section(
                "Surrogates",
                [
                    h("p", { class: "quiet prose" }, `These may stand in for ${row.name}: a build that needs it can be given one of them.`),
                    surrogates.results.length > 0 ? table("Surrogates", columns, surrogates.results, (one) => one.id) : none,
                    pager(surrogates, (page) => to(`administration/interfaces/${row.id}`, { page })),
                ],
                session.may("surrogates", "create")
                    ? h("button", { type: "button", class: "primary", onclick: () => this.#add(row) }, "Add a surrogate")
                    : null,
            ),
        ];
    }

    /** @param {any} row */
    async #add(row) {
        /** @type {import("../../base/form.js").Field[]} */
        const fields = [
            {
                name: "substitute_id",
                label: "Interface that will do",
                kind: "pick",
                required: true,
                find: finder("interfaces"),
                placeholder: "Part of the name",
            },
        ];
        const submit = (/** @type {any} */ values) => send("POST", `${this.path}/surrogates`, values);
        if (await ask(`What may stand in for ${row.name}`, { fields, action: "Add", submit })) this.refresh();
    }

    /** @param {any} one @param {Map<string, any>} substitutes */
    #remove(one, substitutes) {
        const name = substitutes.get(one.substitute_id)?.name ?? "the interface";
        const drop = async () => {
            const told = "Platforms that run what relied upon it keep running; new plans don't take it.";
            if (await remove(`surrogate ${name}`, `${this.path}/surrogates/${one.id}`, told, "Remove")) this.refresh();
        };
        return removal("Remove", name, drop);
    }
}
customElements.define("mkt-admin-interface", Interface);
