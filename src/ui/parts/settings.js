/** The settings of an instance: a form's fields for the environment variables that its tasks declare, and what was entered there. */

import { Refusal } from "../base/api.js";

/** @typedef {{key: string, description: string, required: boolean, default: string | null, pattern: string | null}} Variable */
/** @typedef {{environment: Variable[]}} Task */
/** @typedef {{provider: string | null, mappings: Record<string, string>}} Need */
/** @typedef {{tasks: Task[], needs: Need[]}} Planned As plans tell of an instance. */

/** The field of all variables that no task declares. */
const FURTHER = "launch_bindings";
const NOT_YET = "Some of this can't be taken yet.";
/** Names of what is not to be read over a shoulder. */
const SECRET = /(PASSWORD|SECRET|TOKEN|PRIVATE|(LICEN[CS]E|CONTENT|API)_KEY)/;
/** Patterns that do nothing but name what may be chosen. */
const CHOICE = /^[\w.-]+(\|[\w.-]+)+$/;

/** What is declared, each variable once, without what others on the platform give. @param {Planned} planned @returns {Variable[]} */
function declared({ tasks, needs }) {
    const given = new Set(needs.filter((need) => need.provider).flatMap((need) => Object.values(need.mappings)));
    /** @type {Map<string, Variable>} */
    const found = new Map();
    for (const variable of tasks.flatMap((task) => task.environment)) {
        if (given.has(variable.key)) continue;
        const same = found.get(variable.key);
        found.set(variable.key, { ...variable, ...same, required: variable.required || Boolean(same?.required) });
    }
    return [...found.values()];
}

/** @param {Planned} planned @param {Record<string, any>} [bindings] What is set already. @returns {import("../base/form.js").Field[]} */
export function settingFields(planned, bindings = {}) {
    /** @type {import("../base/form.js").Field} */
    const further = {
        name: FURTHER,
        label: "Further variables",
        kind: "json",
        group: "Settings",
        placeholder: '{ "NAME": "value" }',
        help: "What no task declares, as a JSON object.",
    };
    return [...declared(planned).map((variable) => field(variable, bindings[variable.key])), further];
}

/** @param {Variable} variable @param {any} value @returns {import("../base/form.js").Field} */
function field({ key, description, required, default: usual, pattern }, value) {
    const help = usual === null ? description : `${description} If left empty: ${usual}`;
    const common = { name: key, label: key, group: "Settings", help, required: required && usual === null };
    const isLong = [value, usual].some((text) => typeof text === "string" && text.includes("\n"));
    if (pattern && CHOICE.test(pattern) && (!value || pattern.split("|").includes(value))) {
        const choices = pattern.split("|").map((word) => /** @type {[string, string]} */ ([word, word]));
        return { ...common, help: description, kind: "choice", choices: [["", usual === null ? "—" : `${usual} (as usual)`], ...choices] };
    }
    return { ...common, kind: isLong ? "long" : SECRET.test(key) ? "secret" : "text", placeholder: usual ?? undefined };
}

/** What stands in the fields. @param {Planned} planned @param {Record<string, any>} bindings @returns {Record<string, any>} */
export function settingValues(planned, bindings) {
    const keys = new Set(declared(planned).map((variable) => variable.key));
    const [own, further] = [true, false].map((is) => Object.fromEntries(Object.entries(bindings).filter(([key]) => keys.has(key) === is)));
    return { ...own, [FURTHER]: Object.keys(further).length > 0 ? further : null };
}

/**
 * What was entered, as launch bindings; refused where they can't be.
 * @param {Planned} planned @param {Record<string, any>} entered @returns {Record<string, any>}
 */
export function bindingsOf(planned, entered) {
    const further = entered[FURTHER] ?? {};
    if (typeof further !== "object" || Array.isArray(further)) throw new Refusal(NOT_YET, 422, { [FURTHER]: ["must be a JSON object"] });
    const own = declared(planned)
        .map(({ key }) => [key, entered[key]])
        .filter(([, value]) => value !== null && value !== undefined);
    return { ...further, ...Object.fromEntries(own) };
}

/**
 * Refuses what a plan says is wrong with settings, each at the field that it is about.
 * @param {string[]} problems Sentences that begin with the name of the variable.
 */
export function refuse(problems) {
    if (problems.length === 0) return;
    /** @type {Record<string, string[]>} */
    const errors = {};
    for (const problem of problems) {
        const [, key, wrong] = /^"?([A-Z0-9_]+)"? (.*?)\.?$/s.exec(problem) ?? [null, FURTHER, problem];
        (errors[key] ??= []).push(wrong);
    }
    throw new Refusal(NOT_YET, 422, errors);
}
