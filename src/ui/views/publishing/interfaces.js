/** What a build needs of others at run time, and what it offers them. */

import { send } from "../../base/api.js";
import { h } from "../../base/dom.js";
import { to } from "../../base/router.js";
import { ask } from "../../parts/dialog.js";
import { remove } from "../../parts/removal.js";
import { section, table } from "../../parts/small.js";
import { finder, products } from "./offers.js";
import { isFixed } from "./rights.js";

/** @typedef {() => Promise<void>} Changed */
/** @typedef {import("../../base/form.js").Field} Field */

/** @type {Field[]} */
const NEED = [
    { name: "required", label: "It can’t run without", kind: "boolean" },
    {
        name: "mappings",
        label: "What goes where",
        kind: "json",
        help: 'Parameters of the other with the environment variables that they go to: {"url": "FHIR_URL"}.',
    },
];

/** @type {Field[]} */
const PARAMETER = [
    { name: "name", required: true, placeholder: "url", help: "What those who depend on it are told." },
    { name: "required", label: "It is always told", kind: "boolean" },
];

/** Finds interfaces by name. @param {any[]} rows Those of which are not offered. */
function interfaces(rows) {
    return finder("/interfaces", "name", new Set(rows.map((row) => row.interface_id)), (one) => `${one.version} · ${one.uri}`);
}

/** @param {string} label @param {string} name What it is about. @param {() => unknown} deed @param {string} [kind] */
export function small(label, name, deed, kind = "") {
    return h("button", { type: "button", class: `small ${kind}`, "aria-label": `${label} ${name}`, onclick: deed }, label);
}

/** An interface with its version, where it is known. @param {Map<string, any>} known @param {any} one */
function called(known, one) {
    const found = known.get(one.interface_id);
    if (!found) return "An interface";
    return found.name.includes(found.version) ? found.name : `${found.name} ${found.version}`;
}

/** @param {any} build @param {any[]} rows @param {Map<string, any>} known @param {Map<string, any>} others @param {Changed} changed */
export function needs(build, rows, known, others, changed) {
    const path = `${build.path}/dependencies`;
    const isProduct = (/** @type {any} */ one) => one.dependency_product_id !== null;
    const product = (/** @type {any} */ one) => others.get(one.dependency_product_id)?.name ?? "A product that you can’t see";
    const named = (/** @type {any} */ one) => (isProduct(one) ? product(one) : called(known, one));
    const enter = (
        /** @type {string} */ title,
        /** @type {Field[]} */ fields,
        /** @type {any} */ values,
        /** @type {(values: any) => Promise<unknown>} */ save,
    ) =>
        ask(title, {
            fields: [...fields, ...NEED],
            values,
            submit: async (entered) => {
                await save(entered);
                await changed();
            },
        });
    const add = (/** @type {string} */ title, /** @type {Field} */ field) =>
        enter(title, [field], { required: true, mappings: {} }, (values) => send("POST", path, values));
    const addInterface = () =>
        add("Needs an interface", { name: "interface_id", label: "Interface", kind: "pick", required: true, find: interfaces(rows) });
    const addProduct = () =>
        add("Needs a product", {
            name: "dependency_product_id",
            label: "Product",
            kind: "pick",
            required: true,
            find: products(new Set([build.product_id])),
        });
    const edit = (/** @type {any} */ one) => enter(`Needs ${named(one)}`, [], one, (values) => send("PATCH", one.path, values));
    const loss = "The build is given nothing of it any more.";
    const gone = async (/** @type {any} */ one) => (await remove(named(one), one.path, loss, "Remove")) && changed();
    const open = !isFixed(build);
    const buttons = open
        ? [small("Add an interface", "that it needs", addInterface), small("Add a product", "that it needs", addProduct)]
        : [];
    if (rows.length === 0) return section("Needs", h("p", { class: "quiet" }, "It needs nothing of others."), buttons);
    return section(
        "Needs",
        table(
            "What it needs",
            [
                [
                    "What",
                    (one) => (isProduct(one) ? h("a", { href: to(`products/${one.dependency_product_id}`) }, named(one)) : named(one)),
                ],
                ["Must", (one) => (one.required ? "required" : "optional")],
                ["Goes to", (one) => mapped(one.mappings)],
                ...deeds(open, (one) => [
                    small("Edit", named(one), () => edit(one)),
                    small("Remove", named(one), () => gone(one), "danger"),
                ]),
            ],
            rows,
            (one) => one.id,
        ),
        buttons,
    );
}

/**
 * The column of what can be done with a row, while anything can.
 * @param {boolean} open @param {(row: any) => import("../../base/dom.js").Child} buttons
 * @returns {[string, (row: any) => import("../../base/dom.js").Child][]}
 */
export function deeds(open, buttons) {
    return open ? [["", (row) => h("span", { class: "actions end" }, buttons(row))]] : [];
}

/** @param {Record<string, any>} mappings */
function mapped(mappings) {
    const pairs = Object.entries(mappings ?? {});
    if (pairs.length === 0) return h("span", { class: "quiet" }, "nothing");
    return h(
        "ul",
        {},
        pairs.map(([from, to]) => h("li", { key: from }, h("code", {}, `${from} → ${typeof to === "string" ? to : JSON.stringify(to)}`))),
    );
}

/** @param {any} build @param {any[]} rows With their parameters. @param {Map<string, any>} known @param {Changed} changed */
export function offers(build, rows, known, changed) {
    const enter = (/** @type {string} */ title, /** @type {Field[]} */ fields, /** @type {string} */ path) =>
        ask(title, {
            fields,
            action: "Add",
            submit: async (values) => {
                await send("POST", path, values);
                await changed();
            },
        });
    const add = () =>
        enter(
            "Offers an interface",
            [{ name: "interface_id", label: "Interface", kind: "pick", required: true, find: interfaces(rows) }],
            `${build.path}/exposures`,
        );
    const addParameter = (/** @type {any} */ one) => enter(`A parameter of ${called(known, one)}`, PARAMETER, `${one.path}/parameters`);
    const gone = async (/** @type {any} */ one, /** @type {string} */ name) =>
        (await remove(name, one.path, "Those who depend on it do without.", "Remove")) && changed();
    const open = !isFixed(build);
    const button = open ? small("Add an interface", "that it offers", add) : null;
    const parameter = (/** @type {any} */ one) =>
        h(
            "li",
            { key: one.id },
            h("span", {}, h("code", {}, one.name), one.required ? null : h("small", {}, " not always")),
            open ? small("Remove", one.name, () => gone(one, one.name), "danger") : null,
        );
    const told = (/** @type {any} */ one) =>
        one.parameters.length === 0 ? h("span", { class: "quiet" }, "nothing") : h("ul", { class: "rows" }, one.parameters.map(parameter));
    if (rows.length === 0) return section("Offers", h("p", { class: "quiet" }, "It offers nothing to others."), button);
    return section(
        "Offers",
        table(
            "What it offers",
            [
                ["Interface", (one) => called(known, one)],
                ["Tells", told],
                ...deeds(open, (one) => [
                    small("Add a parameter", `of ${called(known, one)}`, () => addParameter(one)),
                    small("Remove", called(known, one), () => gone(one, called(known, one)), "danger"),
                ]),
            ],
            rows,
            (one) => one.id,
        ),
        button,
    );
}
