/** What a role permits, as a grid of resources and verbs: `<mkt-permissions>` with `permissions`, `isFixed` and `save`. */

import { h, render } from "../../base/dom.js";
import { title } from "../../base/format.js";
import { attempt } from "../../parts/toast.js";

/** Verbs in the order of their columns; others follow. */
const VERBS = ["create", "read", "update", "delete", "publish", "validate", "authorize", "manage"];
/** What is not said well by a name of the API. @type {Record<string, string>} */
const CALLED = {
    everything: "Everything",
    audit: "Audit log",
    update_self: "Update self",
    read_self: "Read self",
    licenses: "Licences",
    product_licenses: "Offers",
};

/** @typedef {Record<string, Record<string, boolean>>} Permissions */

/** @param {string} name */
function called(name) {
    return CALLED[name] ?? title(name);
}

class Grid extends HTMLElement {
    /** @type {Permissions} */
    #given = {};
    /** What is changed and not saved yet, by resource and verb. @type {Map<string, boolean>} */
    #changed = new Map();
    #isBusy = false;
    /** Whether it is only to be looked at. */
    isFixed = false;
    /** @type {(permissions: Permissions) => Promise<unknown>} */
    save = async () => {};

    connectedCallback() {
        this.#draw();
    }

    set permissions(/** @type {Permissions} */ permissions) {
        this.#given = permissions;
        this.#draw();
    }

    /** @param {string} resource @param {string} verb */
    #has(resource, verb) {
        return this.#changed.get(`${resource}.${verb}`) ?? this.#given[resource][verb];
    }

    /** @param {string} resource @param {string} verb @param {boolean} to */
    #set(resource, verb, to) {
        const name = `${resource}.${verb}`;
        if (to === this.#given[resource][verb]) this.#changed.delete(name);
        else this.#changed.set(name, to);
    }

    #draw() {
        if (!this.isConnected) return;
        const resources = Object.keys(this.#given).sort(
            (one, other) => Number(other === "everything") - Number(one === "everything") || called(one).localeCompare(called(other)),
        );
        const known = new Set(resources.flatMap((resource) => Object.keys(this.#given[resource])));
        const verbs = [...VERBS.filter((verb) => known.has(verb)), ...[...known].filter((verb) => !VERBS.includes(verb)).sort()];
        const head = h(
            "tr",
            {},
            h("th", { scope: "col" }, "Resource"),
            h("th", { scope: "col" }, "All"),
            verbs.map((verb) => h("th", { scope: "col", key: verb }, called(verb))),
        );
        render(this, [
            this.#has("everything", "manage")
                ? h("p", { key: "all", class: "notice" }, "Who manages everything may do all of this, whatever else is ticked.")
                : null,
            h(
                "div",
                { key: "grid", class: "scroll", tabindex: "0", role: "region", "aria-label": "Permissions" },
                h(
                    "table",
                    { class: "permissions", onkeydown: this.#move },
                    h("caption", { class: "hidden" }, "What the role permits. The arrow keys go from box to box."),
                    h("thead", {}, head),
                    h(
                        "tbody",
                        {},
                        resources.map((resource) => this.#row(resource, verbs)),
                    ),
                ),
            ),
            this.isFixed ? null : this.#end(),
        ]);
    }

    /** @param {string} resource @param {string[]} verbs */
    #row(resource, verbs) {
        const own = verbs.filter((verb) => verb in this.#given[resource]);
        const has = own.filter((verb) => this.#has(resource, verb)).length;
        const isAll = has === own.length;
        const toggle = () => {
            for (const verb of own) this.#set(resource, verb, !isAll);
            this.#draw();
        };
        const all = h("input", {
            type: "checkbox",
            "aria-label": `${called(resource)}: all`,
            checked: isAll,
            indeterminate: has > 0 && !isAll,
            disabled: this.isFixed,
            onchange: toggle,
        });
        return h(
            "tr",
            { key: resource },
            h("th", { scope: "row" }, called(resource)),
            h("td", { "data-name": "All", class: own.length > 1 ? "" : "none" }, own.length > 1 ? all : null),
            verbs.map((verb) => this.#cell(resource, verb, own.includes(verb))),
        );
    }

    /** @param {string} resource @param {string} verb @param {boolean} isKnown */
    #cell(resource, verb, isKnown) {
        if (!isKnown) return h("td", { key: verb, class: "none" });
        const changed = this.#changed.has(`${resource}.${verb}`);
        const tick = (/** @type {any} */ event) => {
            this.#set(resource, verb, event.target.checked);
            this.#draw();
        };
        const label = `${called(resource)}: ${called(verb).toLowerCase()}${changed ? ", changed" : ""}`;
        const box = h("input", {
            type: "checkbox",
            "aria-label": label,
            checked: this.#has(resource, verb),
            disabled: this.isFixed,
            onchange: tick,
        });
        return h("td", { key: verb, "data-name": called(verb), class: changed ? "changed" : "" }, box);
    }

    #end() {
        const number = this.#changed.size;
        const back = () => {
            this.#changed.clear();
            this.#draw();
        };
        return h(
            "p",
            { key: "end", class: "actions" },
            h(
                "button",
                { type: "button", class: "primary", disabled: number === 0 || this.#isBusy, onclick: this.#save },
                "Save permissions",
            ),
            h("button", { type: "button", disabled: number === 0 || this.#isBusy, onclick: back }, "Undo"),
            h(
                "span",
                { class: "quiet", role: "status" },
                number === 0 ? "" : number === 1 ? "1 change is not saved yet." : `${number} changes are not saved yet.`,
            ),
        );
    }

    #save = async () => {
        this.#isBusy = true;
        this.#draw();
        const permissions = Object.fromEntries(
            Object.entries(this.#given).map(([resource, verbs]) => [
                resource,
                Object.fromEntries(Object.keys(verbs).map((verb) => [verb, this.#has(resource, verb)])),
            ]),
        );
        const saved = await attempt(async () => {
            await this.save(permissions);
            return true;
        }, "The permissions were saved.");
        this.#isBusy = false;
        if (saved) {
            this.#given = permissions;
            this.#changed.clear();
        }
        this.#draw();
    };

    /** Arrow keys go from box to box, past where there is none. */
    #move = (/** @type {KeyboardEvent} */ event) => {
        const steps = /** @type {Record<string, [number, number]>} */ ({
            ArrowUp: [-1, 0],
            ArrowDown: [1, 0],
            ArrowLeft: [0, -1],
            ArrowRight: [0, 1],
        });
        const step = steps[event.key];
        const cell = event.target instanceof HTMLInputElement ? event.target.closest("td") : null;
        const row = /** @type {HTMLTableRowElement | null} */ (cell?.parentElement ?? null);
        const body = row?.parentElement;
        if (!step || !cell || !row || !body) return;
        event.preventDefault();
        const rows = [...body.children];
        let [line, column] = [rows.indexOf(row), cell.cellIndex];
        for (;;) {
            line += step[0];
            column += step[1];
            const next = rows[line]?.children[column];
            if (!next || column === 0) return;
            const box = next.querySelector("input");
            if (box) return box.focus();
        }
    };
}
customElements.define("mkt-permissions", Grid);
