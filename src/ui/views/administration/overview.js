/** How the marketplace is: its health, who administers it, and how much there is. */

import { all, find, get } from "../../base/api.js";
import { SERVER } from "../../base/api.js";
import { h } from "../../base/dom.js";
import { count, moment, several } from "../../base/format.js";
import { HOME, to } from "../../base/router.js";
import { session } from "../../base/session.js";
import { View } from "../../base/view.js";
import { facts, heading, section } from "../../parts/small.js";

/** How often it is looked at again, in milliseconds. */
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
    /** Of the program that serves the marketplace. @type {string | null} */
    #version = null;

    get name() {
        return "Administration";
    }

    started() {
        this.every(OFTEN);
        // It stands in the description of the API alone, which is long; nothing waits for it.
        get("/openapi.json", undefined, this.signal).then(
            (description) => {
                this.#version = description.info.version;
                this.draw();
            },
            () => {},
        );
    }

    async load(/** @type {AbortSignal} */ signal) {
        const counted = COUNTED.filter(([resource]) => session.may(resource, "read"));
        const [status, ready, administrators, waiting, ...counts] = await Promise.all([
            get("/status", undefined, signal),
            get("/readyz", undefined, signal).then(() => true, () => false),
            this.#administrators(signal),
            session.may("reviews", "read") ? find("/reviews?waiting=true&per_page=1", signal) : null,
            ...counted.map(([resource]) => get(`/${resource}`, { per_page: 1 }, signal)),
        ]);
        return { status, ready, administrators, waiting, counts: counted.map(([, name, href], index) => ({ name, href, number: counts[index].total_entries })) };
    }

    /** How many users and groups are appointed to manage everything; nothing where one may not know. @param {AbortSignal} signal */
    async #administrators(signal) {
        if (!session.may("roles", "read") || !session.may("appointments", "read")) return null;
        const roles = (await all("/roles", {}, signal)).filter((role) => role.permissions.everything?.manage);
        const pages = await Promise.all(roles.map((role) => get(`/roles/${role.id}/appointments`, { per_page: 1 }, signal)));
        return { role: roles[0] ?? null, number: pages.reduce((sum, page) => sum + page.total_entries, 0) };
    }

    view(/** @type {any} */ { status, ready, administrators, waiting, counts }) {
        const apart = Math.abs(new Date(status.product.datetime).getTime() - new Date(status.database.datetime).getTime());
        // The first administrator's token is no record, and ends once somebody who can sign in administers.
        const isFirst = session.may("everything", "manage") && status.jwt?.id === null && status.identity?.id === null;
        return [
            heading("Administration"),
            isFirst ? this.#first(administrators) : null,
            section(
                "Health",
                [
                    h("p", { class: `notice ${ready ? "good" : "warning"}`, role: "status" }, ready ? status.message : "The marketplace answers, but is not ready: it is stopping, or its database lacks migrations."),
                    apart > APART ? h("p", { class: "notice warning" }, `The clocks of the marketplace and of its database are ${several(Math.round(apart / 1000), "second")} apart. Licences are judged by the marketplace's.`) : null,
                    facts([
                        ["Version", this.#version],
                        ["Marketplace's time", moment(status.product.datetime)],
                        ["Database's time", moment(status.database.datetime)],
                        ["Builds that wait for review", waiting ? h("a", { href: to("reviews") }, several(waiting.total_entries, "build")) : null],
                        [
                            "Administrators",
                            administrators
                                ? administrators.role
                                    ? h("a", { href: to(`administration/roles/${administrators.role.id}`) }, `${several(administrators.number, "user or group", "users and groups")} appointed`)
                                    : "no role manages everything"
                                : null,
                        ],
                    ]),
                    h(
                        "p",
                        { class: "actions links" },
                        h("a", { href: `${SERVER}/status` }, "Status"),
                        h("a", { href: `${SERVER}/docs` }, "API documentation"),
                        h("a", { href: `${SERVER}/openapi.json` }, "OpenAPI"),
                    ),
                ],
            ),
            counts.length > 0
                ? section("What there is", h("ul", { class: "tiles" }, counts.map((/** @type {any} */ { name, href, number }) => h("li", { key: name }, h("a", { href }, h("strong", {}, count(number)), " ", h("span", {}, name))))))
                : null,
        ];
    }

    /** What is to be done while nobody who can sign in administers the marketplace. @param {any} administrators */
    #first(administrators) {
        const role = administrators?.role ? to(`administration/roles/${administrators.role.id}`) : to("administration/roles");
        return h(
            "section",
            { class: "notice warning first", "aria-labelledby": "first" },
            h("h2", { id: "first" }, "There is no administrator yet"),
            h("p", {}, "You are signed in with the first administrator's token. It ends as soon as a person who can sign in manages everything."),
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
