/** The ways to run a build: configurations, each of tasks. */

import { send } from "../../base/api.js";
import { h } from "../../base/dom.js";
import { ask } from "../../parts/dialog.js";
import { remove } from "../../parts/removal.js";
import { section, table } from "../../parts/small.js";
import { deeds, small } from "./interfaces.js";
import { isFixed } from "./rights.js";

/** @type {import("../../base/form.js").Field[]} */
const CONFIGURATION = [
    { name: "name", required: true, placeholder: "default" },
    { name: "default", label: "Take it when none is chosen", kind: "boolean" },
];

/** @type {import("../../base/form.js").Field[]} */
const TASK = [
    { name: "name", required: true, placeholder: "web" },
    { name: "minimum", label: "Fewest instances", kind: "number" },
    { name: "maximum", label: "Most instances", kind: "number", help: "0 is without limit." },
    { name: "memory_minimum", label: "Least memory in MiB", kind: "number" },
    { name: "memory", label: "Most memory in MiB", kind: "number" },
    { name: "options", kind: "list", help: "Arguments of the command line, one a line." },
    { name: "ports", kind: "list", help: "TCP ports that it serves, one a line." },
    { name: "cron", label: "Schedule", placeholder: "0 3 * * *", help: "Five fields of cron; empty means that it always runs." },
    {
        name: "environment",
        kind: "json",
        help: 'Variables, perhaps with required, default, pattern: [{"key": "FHIR_URL", "description": "The server."}]',
    },
];

/** What a task begins with. */
const NEW = { minimum: 1, maximum: 0, memory: 1024, options: [], ports: [], environment: [] };

/** @param {any} values As the API takes them. */
function task(values) {
    return { ...values, ports: values.ports.map((/** @type {string} */ port) => Number(port)) };
}

/** @param {any} build @param {any[]} rows With their tasks. @param {() => Promise<void>} changed */
export function configurations(build, rows, changed) {
    const edit = (
        /** @type {string} */ title,
        /** @type {import("../../base/form.js").Field[]} */ fields,
        /** @type {any} */ values,
        /** @type {(values: any) => Promise<unknown>} */ save,
    ) =>
        ask(title, {
            fields,
            values,
            submit: async (entered) => {
                await save(entered);
                await changed();
            },
        });
    const gone = async (/** @type {any} */ one, /** @type {string} */ loss) =>
        (await remove(one.name, one.path, loss, "Remove")) && changed();
    const add = () =>
        edit("New way to run it", CONFIGURATION, { default: rows.length === 0 }, (values) =>
            send("POST", `${build.path}/configurations`, values),
        );
    const open = !isFixed(build);
    const button = open ? h("button", { type: "button", class: "small", onclick: add }, "Add a configuration") : null;
    if (rows.length === 0)
        return section(
            "Ways to run it",
            h("p", { class: "quiet" }, "None. What runs in containers needs one, with a task at least."),
            button,
        );
    const one = (/** @type {any} */ way) =>
        h(
            "section",
            { key: way.id, class: "way" },
            h(
                "header",
                { class: "heading" },
                h("h3", {}, way.name, way.default ? h("span", { class: "chip accent" }, "default") : null),
                open
                    ? h(
                          "p",
                          { class: "actions" },
                          small("Add a task", `to ${way.name}`, () =>
                              edit(`New task of ${way.name}`, TASK, NEW, (values) => send("POST", `${way.path}/tasks`, task(values))),
                          ),
                          small("Edit", way.name, () => edit(way.name, CONFIGURATION, way, (values) => send("PATCH", way.path, values))),
                          small("Remove", way.name, () => gone(way, "It goes with its tasks."), "danger"),
                      )
                    : null,
            ),
            way.tasks.length === 0 ? h("p", { class: "quiet" }, "No tasks yet.") : tasks(way),
        );
    const tasks = (/** @type {any} */ way) =>
        table(
            `Tasks of ${way.name}`,
            [
                ["Task", (/** @type {any} */ row) => h("strong", {}, row.name)],
                ["Instances", (row) => `${row.minimum} to ${row.maximum || "any"}`],
                ["Memory", (row) => `${row.memory_minimum ? `${row.memory_minimum} to ` : "up to "}${row.memory} MiB`],
                ["Ports", (row) => row.ports.join(", ") || "none"],
                ["Variables", (row) => variables(row.environment)],
                ...deeds(open, (row) => [
                    small("Edit", row.name, () => edit(row.name, TASK, row, (values) => send("PATCH", row.path, task(values)))),
                    small("Remove", row.name, () => gone(row, `${way.name} runs without it.`), "danger"),
                ]),
            ],
            way.tasks,
            (row) => row.id,
        );
    return section("Ways to run it", rows.map(one), button);
}

/** @param {any[]} environment */
function variables(environment) {
    if (environment.length === 0) return "none";
    return h(
        "ul",
        {},
        environment.map(({ key, description, required }) =>
            h("li", { key, title: description }, h("code", {}, key), required ? " (required)" : ""),
        ),
    );
}
