/** What plans tell of an instance: what it needs and who gives it, and the tasks that run. */

import { h } from "../../base/dom.js";
import { several } from "../../base/format.js";
import { section, table } from "../../parts/small.js";

/** What an instance needs of others on its platform. @param {any} planned */
export function needs(planned) {
    if (planned.needs.length === 0) return null;
    return section(
        "Needs",
        table(
            "What it needs of others on the platform",
            [
                ["Needs", (need) => [need.name, need.required ? null : h("small", { class: "block" }, "optional")]],
                ["Given by", giver],
            ],
            planned.needs,
            (need) => need.name,
        ),
    );
}

/** Who gives it, and which settings with it. @param {any} need */
function giver(need) {
    if (!need.provider) return need.required ? h("span", { class: "chip bad" }, "nobody here") : h("span", { class: "quiet" }, "nobody");
    const keys = Object.values(need.mappings);
    return [need.provider_name, keys.length > 0 ? h("small", { class: "block" }, "sets ", h("code", {}, keys.join(", "))) : null];
}

/** What runs. @param {any} planned */
export function tasks(planned) {
    if (planned.tasks.length === 0) return null;
    return section(
        "Tasks",
        table(
            "What runs",
            [
                ["Task", (task) => task.name],
                ["Runs", (task) => (task.cron ? `at ${task.cron} (UTC)` : several(task.replicas, "time"))],
                ["Memory", (task) => `${task.memory} MiB each`],
                ["Ports", (task) => task.ports.join(", ")],
            ],
            planned.tasks,
            (/** @type {any} */ task) => task.name,
        ),
    );
}
