/** Badges, which products may carry. */

import { h } from "../../base/dom.js";
import { to } from "../../base/router.js";
import { when } from "../../parts/small.js";
import { list } from "./records.js";

list("mkt-admin-badges", {
    part: "badges",
    title: "Badges",
    one: "badge",
    path: "/badges",
    resource: "badges",
    told: ["badge"],
    lead: "Marks of distinction that products may carry, such as a certificate. They are given to products where these are published.",
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
        ["Name", (badge) => h("strong", { class: "named" }, badge.name)],
        ["Stands for", (badge) => badge.description],
        ["Changed", (badge) => when(badge.updated_at)],
        [
            "Carried by",
            (badge) => h("a", { href: to("", { badge_id: badge.id }), "aria-label": `Products with ${badge.name}` }, "products"),
        ],
    ],
    fields: () => [
        { name: "name", required: true },
        { name: "description", label: "What it stands for", kind: "long", required: true },
    ],
    called: (badge) => badge.name,
    loses: "All products that carry this badge lose it.",
});
