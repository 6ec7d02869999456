/** How the marketplace is: its health, who administers it, and how much there is. */

import { SERVER, all, find, get } from "../../base/api.js";
import { h } from "../../base/dom.js";
import { count, moment, several } from "../../base/format.js";
import { HOME, to } from "../../base/router.js";
import { session } from "../../base/session.js";
import { View } from "../../base/view.js";
import { facts, heading, section } from "../../parts/small.js";

/** How often it is looked at again for what no event tells of, clocks and health, in milliseconds. */
const OFTEN = 15_000;
/** From how far apart on two clocks are told to differ, in milliseconds. */
const APART = 2_000;

/** What is counted, and where it is listed. @type {[string, string, string][]} */
const COUNTED = [
    ["products", "Products", HOME],
    ["users", "Users", to("administration/users")],
    ["groups", "Groups", to("administration/groups")],
    ["platforms", "Platforms", to("platforms")],
    ["licenses", "Licences", to("administration/licenses")],
    ["entitlements", "Entitlements", to("administration/entitlements")],
    ["vouchers", "Vouchers", to("administration/vouchers")],
    ["attempts", "Attempts", to("administration/attempts")],
];

class Overview extends View {
    get name() {
        return "Administration";
    }

    started() {
        this.follow("AdministrationChannel");
        this.follow("CatalogChannel");
        this.follow("ReviewChannel");
        this.follow("AuditChannel");
        this.every(OFTEN);
    }

    async load(/** @type {AbortSignal} */ signal) {
        const counted = COUNTED.filter(([resource]) => session.may(resource, "read"));
        const [status, ready, administrators, waiting, ...counts] = await Promise.all([
            get("/status", undefined, signal),
            get("/readyz", undefined, signal).then(
                () => true,
                () => false,
            ),
            this.#administrators(signal),
            session.may("reviews", "read") ? find("/reviews?waiting=true&per_page=1", signal) : null,
            ...counted.map(([resource]) => get(`/${resource}`, { per_page: 1 }, signal)),
        ]);
        return {
            status,
            ready,
            administrators,
            waiting,
            counts: counted.map(([, name, href], index) => ({ name, href, number: counts[index].total_entries })),
        };
    }

    /** How many users and groups are appointed to manage everything; nothing where one may not know. @param {AbortSignal} signal */
    async #administrators(signal) {
        if (!session.may("roles", "read") || !session.may("appointments", "read")) return null;
        const roles = (await all("/roles", {}, signal)).filter((role) => role.permissions.everything?.manage);
        const pages = await Promise.all(roles.map((role) => get(`/roles/${role.id}/appointments`, { per_page: 1 }, signal)));
        return { role: roles[0] ?? null, number: pages.reduce((sum, page) => sum + page.total_entries, 0) };
    }

    view(/** @type {any} */ { counts, ...health }) {
        const { status, administrators } = health;
        // The first administrator's token is no record, and ends once somebody who can sign in administers.
        const isFirst = session.may("everything", "manage") && status.jwt?.id === null && status.identity?.id === null;
        return [
            heading("Administration"),
            isFirst ? this.#first(administrators) : null,
            this.#health(health),
            counts.length > 0 ? section("What there is", h("ul", { class: "tiles" }, counts.map(tile))) : null,
        ];
    }

    /** @param {any} health */
    #health({ status, ready, administrators, waiting }) {
        const apart = Math.abs(new Date(status.product.datetime).getTime() - new Date(status.database.datetime).getTime());
        const clocks = `The clocks of the marketplace and its database are ${several(Math.round(apart / 1000), "second")} apart.`;
        const said = ready ? status.message : "The marketplace is not ready: it is stopping, or its database lacks migrations.";
        return section("Health", [
            h("p", { key: "ready", class: `notice ${ready ? "good" : "warning"}`, role: "status" }, said),
            apart > APART ? h("p", { key: "apart", class: "notice warning" }, `${clocks} Licences are judged by the marketplace's.`) : null,
            facts([
                ["Version", status.version],
                ["Publishing", publishing(status.rules)],
                ["Marketplace's time", moment(status.product.datetime)],
                ["Database's time", moment(status.database.datetime)],
                ["Wait for review", waiting ? h("a", { href: to("reviews") }, several(waiting.total_entries, "build")) : null],
                ["Administrators", administrators ? appointed(administrators) : null],
            ]),
            h(
                "p",
                { class: "actions links" },
                h("a", { href: `${SERVER}/status` }, "Status"),
                h("a", { href: `${SERVER}/docs` }, "API documentation"),
                h("a", { href: `${SERVER}/openapi.json` }, "OpenAPI"),
            ),
        ]);
    }

    /** What is to be done while nobody who can sign in administers the marketplace. @param {any} administrators */
    #first(administrators) {
        const role = administrators?.role ? to(`administration/roles/${administrators.role.id}`) : to("administration/roles");
        return h(
            "section",
            { class: "notice warning first", "aria-labelledby": "first" },
            h("h2", { id: "first" }, "There is no administrator yet"),
            h("p", {}, "You are signed in with the first administrator's token. It ends once somebody who can sign in manages everything."),
            h(
                "ol",
                { class: "numbered" },
                h("li", {}, h("a", { href: to("administration/identity_providers") }, "Set up an identity provider"), " and enable it."),
                h("li", {}, "Sign in by it once, in another browser or a private window."),
                h("li", {}, h("a", { href: role }, "Appoint"), " the user that was made."),
            ),
        );
    }
}
customElements.define("mkt-admin-overview", Overview);

/** How much there is of something. @param {{name: string, href: string, number: number}} counted */
function tile({ name, href, number }) {
    return h("li", { key: name }, h("a", { href }, h("strong", {}, count(number)), " ", h("span", {}, name)));
}

/** How many manage everything. @param {{role: any, number: number}} administrators */
function appointed({ role, number }) {
    if (!role) return "no role manages everything";
    return h("a", { href: to(`administration/roles/${role.id}`) }, `${several(number, "user or group", "users and groups")} appointed`);
}

/** Who publishes, and what it takes. @param {import("../../base/session.js").Rules} rules */
function publishing(rules) {
    const required = [
        rules.review ? "a review" : null,
        rules.check ? "the marketplace’s check" : null,
        rules.strict ? "a manifest without warnings" : null,
    ].filter(Boolean);
    const who = rules.self_publishing ? "by owners" : "by those whom a role permits it";
    return required.length > 0 ? `${who}; takes ${required.join(", ")}` : who;
}
