/** What publishing a manifest would do, step by step, and what is wrong with one. */

import { h } from "../../base/dom.js";
import { several, title } from "../../base/format.js";
import { changes } from "../../parts/changes.js";
import { table } from "../../parts/small.js";

/** What is done to a record, in words and mood. @type {Record<string, [string, string]>} */
const ACTIONS = {
    create: ["new", "good"],
    update: ["changed", "busy"],
    submit: ["submitted", "busy"],
    publish: ["published", "good"],
    unchanged: ["as it is", ""],
};

/** What records are called. @type {Record<string, string>} */
const KINDS = { license: "Licence", product_license: "Offer" };

/** @param {any} outcome */
export function plan(outcome) {
    const steps = outcome.steps.filter((/** @type {any} */ step) => step.action !== "unchanged");
    const same = outcome.steps.length - steps.length;
    const name = `${outcome.product.name} ${outcome.build.name}`;
    return h(
        "div",
        { key: "plan", class: "stack tight" },
        h("h3", {}, outcome.dry_run ? `What publishing ${name} would do` : name),
        h("p", { class: `notice ${outcome.dry_run ? "" : "good"}`, role: "status" }, summary(outcome)),
        outcome.rejection ? h("p", { class: "notice warning" }, `This very build was rejected: ${outcome.rejection}`) : null,
        steps.length > 0
            ? table(
                  "Steps",
                  [
                      ["What", action],
                      ["Of", of],
                      ["How", (step) => (step.changes ? changes(step.changes) : null)],
                  ],
                  steps,
                  (step) => `${step.action} ${step.id}`,
              )
            : null,
        same > 0 && steps.length > 0 ? h("p", { class: "quiet" }, `${several(same, "record")} stay as they are.`) : null,
        outcome.warnings.length > 0
            ? h(
                  "details",
                  { class: "warnings", open: outcome.dry_run },
                  h("summary", {}, several(outcome.warnings.length, "warning")),
                  diagnostics(outcome.warnings),
              )
            : null,
    );
}

/** @param {any} outcome */
function summary({ dry_run: isPlan, unchanged, published, submitted }) {
    if (unchanged) return `Everything is like that already${published ? ", and public" : submitted ? ", and waits for a decision" : ""}.`;
    if (published) return isPlan ? "Everybody would see it." : "It is published.";
    if (submitted) return isPlan ? "It would be handed in for review, for somebody else to decide." : "It is handed in for review.";
    return isPlan ? "Nobody else would see it yet." : "It is done; nobody else sees it yet.";
}

/** @param {any} step */
function action(step) {
    const [word, mood] = ACTIONS[step.action] ?? [step.action, ""];
    return h("span", { class: `chip ${mood}` }, word);
}

/** @param {any} step */
function of(step) {
    return [h("small", { class: "block" }, KINDS[step.resource] ?? title(step.resource)), step.name];
}

/** A refusal with all that was found in the manifest. @param {import("../../base/api.js").Refusal} refusal */
export function findings(refusal) {
    const { diagnostics: found, differences } = refusal.details;
    return h(
        "div",
        { key: "findings", class: "stack tight", role: "alert" },
        h("p", { class: "notice error" }, found ? "This manifest can’t be published yet." : refusal.message),
        found ? diagnostics(found) : null,
        differences ? changes(differences) : null,
    );
}

/** @param {any[]} found Errors first. */
function diagnostics(found) {
    const errors = found.filter(({ severity }) => severity === "error");
    const others = found.filter(({ severity }) => severity !== "error");
    return h(
        "ul",
        { class: "findings" },
        [...errors, ...others].map(({ severity, path, line, column, message, help }, index) =>
            h(
                "li",
                { key: index },
                h(
                    "p",
                    {},
                    h("span", { class: `chip ${severity === "error" ? "bad" : "busy"}` }, severity),
                    " ",
                    path ? h("code", {}, path) : null,
                    ` ${message} `,
                    h("span", { class: "quiet" }, `line ${line}, column ${column}`),
                ),
                help ? h("p", { class: "quiet" }, help) : null,
            ),
        ),
    );
}
