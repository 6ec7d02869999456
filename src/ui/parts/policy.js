/** How an instance comes by newer builds: in words, and as fields of a form. */

import { several } from "../base/format.js";

/** @type {[string, string][]} */
const UPDATES = [
    ["approve", "When somebody approves them"],
    ["automatic", "By themselves"],
    ["pinned", "Not at all: it stays with its build"],
];

/** What a policy is before one decides. */
export const USUAL = { updates: "approve", maintenance: null, maintenance_minutes: 60 };

/** @type {import("../base/form.js").Field[]} */
export const POLICY = [
    { name: "updates", label: "Newer builds are taken", kind: "choice", choices: UPDATES, group: "Updates" },
    {
        name: "maintenance",
        label: "Maintenance window",
        group: "Updates",
        placeholder: "0 3 * * *",
        help: "When it opens, as five fields of cron in UTC, such as 0 3 * * *. If empty, updates by themselves come at any time.",
    },
    { name: "maintenance_minutes", label: "Minutes that it stays open", kind: "number", group: "Updates" },
];

/** @param {{updates: string, maintenance: string | null, maintenance_minutes: number}} policy */
export function policyInWords({ updates, maintenance, maintenance_minutes: minutes }) {
    if (updates === "pinned") return "never";
    if (updates === "approve") return "when approved";
    return maintenance ? `by themselves, from ${maintenance} (UTC) for ${several(minutes, "minute")}` : "by themselves, at any time";
}
