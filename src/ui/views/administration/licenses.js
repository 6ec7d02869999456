/** Licences: the terms under which products are offered. */

import { h } from "../../base/dom.js";
import { count, date, several } from "../../base/format.js";
import { to } from "../../base/router.js";
import { list } from "./records.js";

/** @type {[string, string][]} */
const EXPIRIES = [
    ["indefinite", "Never"],
    ["relative_date", "Some days after they were acquired"],
    ["absolute_date", "On a day"],
];

/** When rights under a licence end. @param {any} license */
function end(license) {
    const grace =
        license.grace_days && license.expiry !== "indefinite"
            ? h("small", { class: "block" }, `and ${several(license.grace_days, "day")} of grace`)
            : null;
    if (license.expiry === "relative_date") return [`after ${several(license.days_valid ?? 0, "day")}`, grace];
    if (license.expiry === "absolute_date") return [date(license.expires_at), grace];
    return "never";
}

const ends = (/** @type {Record<string, any>} */ { expiry }) => expiry !== "indefinite";

list("mkt-admin-licenses", {
    part: "licenses",
    title: "Licences",
    one: "licence",
    path: "/licenses",
    resource: "licenses",
    told: ["license"],
    lead: "Terms under which products are offered. A product under a licence is an offer, which people acquire as an entitlement.",
    filters: [
        { name: "name", label: "Name" },
        { name: "expiry", label: "Rights end", choices: EXPIRIES },
        { name: "description", label: "Description" },
        { name: "external_id", label: "External id" },
    ],
    sorts: [
        ["name", "Name"],
        ["-created_at", "Newest"],
        ["-updated_at", "Changed last"],
        ["expires_at", "Ends first"],
        ["-uses", "Most uses"],
        ["-seats", "Most seats"],
    ],
    columns: [
        [
            "Name",
            (license) => [
                h("strong", { class: "named" }, license.name),
                license.description ? h("small", { class: "block clamped" }, license.description) : null,
            ],
        ],
        ["Text", (license) => h("a", { href: license.url, rel: "noopener noreferrer", "aria-label": `Read ${license.name}` }, "Read")],
        ["Rights end", end],
        ["Uses", (license) => (license.uses ? count(license.uses) : "without limit")],
        ["Seats", (license) => (license.seats ? count(license.seats) : "without limit")],
        [
            "Offered",
            (license) => h("a", { href: to("", { license_id: license.id }), "aria-label": `Products under ${license.name}` }, "products"),
        ],
    ],
    fields: () => [
        { name: "name", required: true },
        { name: "url", label: "Address of its text", kind: "url", required: true, placeholder: "https://" },
        { name: "description", label: "What it allows, in short", kind: "long" },
        { name: "expiry", label: "Rights end", kind: "choice", choices: EXPIRIES },
        {
            name: "days_valid",
            label: "Days that rights last",
            kind: "number",
            required: true,
            when: ({ expiry }) => expiry === "relative_date",
        },
        { name: "expires_at", label: "End of all rights", kind: "time", required: true, when: ({ expiry }) => expiry === "absolute_date" },
        {
            name: "grace_days",
            label: "Days of grace",
            kind: "number",
            help: "For how long past their end rights are still granted.",
            when: ends,
        },
        { name: "uses", kind: "number", help: "How many authorizations a right allows; 0 is without limit." },
        { name: "seats", kind: "number", help: "How many users or groups may claim a right; 0 is without limit." },
        { name: "terms", kind: "long", help: "The terms themselves, where they are to be kept here." },
        { name: "external_id", label: "External id", help: "Its id in another system." },
    ],
    // What does not apply any more is not kept, and a number that was emptied is none.
    prepare: (values) => ({
        days_valid: null,
        expires_at: null,
        ...values,
        grace_days: values.grace_days ?? 0,
        uses: values.uses ?? 0,
        seats: values.seats ?? 0,
    }),
    called: (license) => license.name,
    loses: "It is taken from all products that are offered under it, with the vouchers for these offers.",
});
