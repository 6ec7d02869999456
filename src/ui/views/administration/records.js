/** Lists of records that are searched, sorted, made, changed and deleted in the same way: each is declared by what is its own. */

import { get, send } from "../../base/api.js";
import { h } from "../../base/dom.js";
import { several } from "../../base/format.js";
import { to } from "../../base/router.js";
import { session } from "../../base/session.js";
import { View } from "../../base/view.js";
import { ask } from "../../parts/dialog.js";
import { pager } from "../../parts/pager.js";
import { remove } from "../../parts/removal.js";
import { empty, table } from "../../parts/small.js";
import { attempt, say } from "../../parts/toast.js";
import { Narrowing } from "./narrowing.js";

/** @typedef {import("../../base/dom.js").Child} Child */
/** @typedef {import("../../base/form.js").Field[]} Fields */
/** What a table shows of rows. @typedef {[string, (row: any) => Child][]} Columns */

const PER_PAGE = 25;
/** How often those look again who are not told of all that there is, in milliseconds. */
const OFTEN = 30_000;

/**
 * What is peculiar to one kind of records.
 * @typedef {object} Kind
 * @property {string} part Its part of the administration.
 * @property {string} title
 * @property {string} one What one of them is called.
 * @property {string} [many]
 * @property {string} path In the API.
 * @property {string} resource As permissions name it.
 * @property {string[]} told What to load anew upon: the kinds of things, as events name them, that are shown of it.
 * @property {string} lead What they are, for those who see them first.
 * @property {import("./narrowing.js").Filter[]} filters
 * @property {[string, string][]} sorts
 * @property {(rows: any[], signal: AbortSignal) => Promise<any>} [relate] Loads what the columns tell of others.
 * @property {[string, (row: any, related: any) => Child][]} columns
 * @property {(row: any | null) => Fields | Promise<Fields>} [fields] What is asked for of a new one, or of one that is there; none can
 *     be made or changed without.
 * @property {(values: Record<string, any>, row: any | null) => Record<string, any>} [prepare] Makes of what was entered what is sent.
 * @property {(row: any) => string} called What one is called when it is deleted.
 * @property {string | ((row: any) => Promise<string>)} [loses] What goes with one; none can be deleted without.
 * @property {(row: any, again: () => void, size: string) => Child} [deeds] What else can be done with one.
 * @property {(made: any) => unknown} [made] What is done once one was made.
 */

/** Makes one, as asked for in a dialog. @param {Kind} kind @returns {Promise<boolean>} Whether one was made. */
export async function create(kind) {
    /** @type {any} */
    let made = null;
    const submit = async (/** @type {Record<string, any>} */ values) => {
        made = await send("POST", kind.path, kind.prepare?.(values, null) ?? values);
    };
    const isMade = await ask(`New ${kind.one}`, { fields: (await kind.fields?.(null)) ?? [], action: "Create", submit });
    if (isMade && kind.made) kind.made(made);
    else if (isMade) say(`The ${kind.one} was created.`);
    return isMade;
}

/** Changes one, as asked for in a dialog. @param {Kind} kind @param {any} row @returns {Promise<boolean>} */
export async function change(kind, row) {
    const submit = (/** @type {Record<string, any>} */ values) =>
        send("PATCH", `${kind.path}/${row.id}`, kind.prepare?.(values, row) ?? values);
    const isDone = await ask(`Change the ${kind.one}`, { fields: (await kind.fields?.(row)) ?? [], values: row, submit });
    if (isDone) say(`The ${kind.one} was changed.`);
    return isDone;
}

/** Deletes one, after consent. @param {Kind} kind @param {any} row @returns {Promise<boolean>} */
export async function discard(kind, row) {
    const loses = typeof kind.loses === "function" ? await attempt(() => /** @type {any} */ (kind).loses(row)) : kind.loses;
    if (loses === undefined) return false;
    return remove(`${kind.one} ${kind.called(row)}`, `${kind.path}/${row.id}`, `${loses} This can't be taken back.`);
}

/**
 * What may be done with a record, as buttons.
 * @param {Kind} kind @param {any} row @param {() => void} again @param {() => void} [gone] @param {string} [size]
 */
export function deeds(kind, row, again, gone = again, size = "small") {
    const name = `${kind.one} ${kind.called(row)}`;
    const edit = async () => (await change(kind, row)) && again();
    const drop = async () => (await discard(kind, row)) && gone();
    return [
        kind.deeds?.(row, again, size) ?? null,
        kind.fields && session.may(kind.resource, "update")
            ? h("button", { type: "button", key: "edit", class: size, "aria-label": `Edit ${name}`, onclick: edit }, "Edit")
            : null,
        kind.loses && session.may(kind.resource, "delete")
            ? h(
                  "button",
                  { type: "button", key: "delete", class: `${size} danger`, "aria-label": `Delete ${name}`, onclick: drop },
                  "Delete",
              )
            : null,
    ];
}

/** The list of a kind. */
export class Records extends View {
    /** @type {Kind} */
    kind = /** @type {any} */ (null);
    /** @type {Narrowing} */
    narrowing = /** @type {any} */ (null);

    get name() {
        return this.kind.title;
    }

    started() {
        followKind(this, this.kind);
        this.narrowing = new Narrowing(this, `administration/${this.kind.part}`, this.kind.filters, this.kind.sorts);
    }

    async load(/** @type {AbortSignal} */ signal) {
        const [page, known] = await Promise.all([
            get(this.kind.path, { per_page: PER_PAGE, ...this.narrowing.asked }, signal),
            this.narrowing.known(signal),
        ]);
        const related = page.results.length > 0 ? await this.kind.relate?.(page.results, signal) : null;
        return { page, known, related };
    }

    view(/** @type {any} */ { page, known, related }) {
        const { kind } = this;
        const found = page.total_entries;
        const again = () => this.refresh();
        const shown = kind.columns.map(
            ([name, cell]) => /** @type {[string, (row: any) => Child]} */ ([name, (row) => breakable(cell(row, related))]),
        );
        const offers = page.results.some((/** @type {any} */ row) => deeds(kind, row, again).some(Boolean));
        if (offers) shown.push(["", (row) => h("span", { class: "actions" }, deeds(kind, row, again))]);
        return [
            h("header", { class: "heading" }, h("h1", { tabindex: "-1" }, kind.title), h("p", { class: "actions" }, this.#new())),
            h("p", { class: "quiet prose" }, kind.lead),
            this.narrowing.controls(known),
            h(
                "div",
                { class: "card" },
                h("p", { class: "quiet", role: "status" }, several(found, kind.one, kind.many)),
                page.results.length > 0 ? table(kind.title, shown, page.results, (row) => row.id) : this.#nothing(found),
                pager(page, (number) => this.narrowing.with({ page: String(number) })),
            ),
        ];
    }

    #new() {
        const { kind } = this;
        if (!kind.fields || !session.may(kind.resource, "create")) return null;
        const make = async () => (await create(kind)) && this.refresh();
        return h("button", { type: "button", class: "primary", onclick: make }, `New ${kind.one}`);
    }

    /** @param {number} found */
    #nothing(found) {
        const { kind, narrowing } = this;
        const many = kind.many ?? `${kind.one}s`;
        if (found > 0)
            return empty(
                "Nothing on this page",
                "There are fewer by now.",
                h("a", { class: "button", href: narrowing.with({}) }, "To the first page"),
            );
        if (narrowing.isNarrow)
            return empty(
                "Nothing fits",
                "Fewer or other filters may find more.",
                h("a", { class: "button", href: narrowing.all }, `Show all ${many}`),
            );
        return empty(`No ${many} yet`, "There is nothing to see so far.", this.#new());
    }
}

/** Has a view of a kind follow what happens to it. @param {View} view @param {Kind} kind */
export function followKind(view, kind) {
    view.follow("AdministrationChannel", {}, (event) => kind.told.includes(event.resource_type) && view.refreshSoon());
    if (kind.told.includes("attempt")) view.follow("AuditChannel");
    // They see some, by what is theirs.
    if (!session.may(kind.resource, "read")) view.every(OFTEN);
}

/** A text with a word that is too long for its column may be broken within the word. @param {Child} content @returns {Child} */
function breakable(content) {
    return typeof content === "string" && /\S{25}/.test(content) ? h("span", { class: "long" }, content) : content;
}

/** Defines the element that lists a kind. @param {string} tag @param {Kind} kind */
export function list(tag, kind) {
    customElements.define(
        tag,
        class extends Records {
            kind = kind;
        },
    );
}

/** The address of a kind's list, or of one of it. @param {Kind} kind @param {string} [id] */
export function address(kind, id) {
    return to(`administration/${kind.part}${id ? `/${id}` : ""}`);
}
