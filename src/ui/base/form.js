/**
 * Forms from descriptions of their fields, with the refusals of the marketplace at the fields that they are about.
 */

import { Refusal } from "./api.js";
import { h, render } from "./dom.js";
import { title } from "./format.js";
import "./pick.js";
import { words } from "./view.js";

/**
 * A field of a form.
 * @typedef {object} Field
 * @property {string} name As in the API.
 * @property {string} [label]
 * @property {"text" | "long" | "number" | "boolean" | "choice" | "time" | "json" | "secret" | "url" | "email" | "list" | "pick"} [kind]
 *     A list is one line each; a pick is one of many, found by typing.
 * @property {[string, string][]} [choices] Values with what they are called.
 * @property {import("./pick.js").Find} [find] What there is to pick.
 * @property {import("./pick.js").Option | null} [known] What is picked at first.
 * @property {(values: Record<string, any>) => boolean} [when] Whether it is asked for at all, given what stands in the others.
 * @property {string} [help]
 * @property {boolean} [required]
 * @property {string} [placeholder]
 * @property {string} [group] Fields of one group stand beneath its heading.
 */

/** The types of controls. @type {Record<string, string>} */
const TYPES = { number: "number", time: "datetime-local", secret: "password", url: "url", email: "email" };

let number = 0;

/**
 * A form: `<mkt-form>` with `fields`, `values`, `submit` (which may refuse) and the label of its button.
 */
export class Form extends HTMLElement {
    /** @type {Field[]} */
    fields = [];
    /** @type {Record<string, any>} */
    #values = {};
    /** What is done with what was entered. @type {(values: Record<string, any>) => Promise<unknown>} */
    submit = async () => {};
    /** What is done when one thinks better of it. @type {(() => void) | null} */
    cancel = null;
    /** @type {Record<string, string[]>} */
    #errors = {};
    /** @type {string | null} */
    #refusal = null;
    #isBusy = false;
    #id = `form-${(number += 1)}`;
    /** What was entered, by name. @type {Map<string, any>} */
    #entered = new Map();

    connectedCallback() {
        this.draw();
    }

    /** What it begins with. Where that changes, it shows in all fields in which nothing was entered. */
    get values() {
        return this.#values;
    }

    set values(values) {
        this.#values = values;
        queueMicrotask(() => this.isConnected && this.draw());
    }

    get action() {
        return this.getAttribute("action") ?? "Save";
    }

    /** What stands in a field. @param {Field} field */
    #value(field) {
        return this.#entered.has(field.name) ? this.#entered.get(field.name) : shown(field, this.values[field.name]);
    }

    /** The fields that are asked for. */
    get #asked() {
        const values = Object.fromEntries(this.fields.map((field) => [field.name, this.#value(field)]));
        return this.fields.filter(({ when }) => when?.(values) ?? true);
    }

    draw() {
        const known = new Set(this.#asked.map((field) => field.name));
        const others = Object.entries(this.#errors).filter(([name]) => !known.has(name));
        const said = others.map(([name, errors]) => `${title(name)} ${errors.join(", ")}.`);
        render(
            this,
            h(
                "form",
                { novalidate: true, onsubmit: this.#submitted },
                this.#refusal ? h("p", { class: "notice error", role: "alert", tabindex: "-1" }, [this.#refusal, ...said].join(" ")) : null,
                this.#grouped(),
                h(
                    "p",
                    { class: "actions" },
                    h("button", { class: "primary", disabled: this.#isBusy }, this.#isBusy ? "One moment…" : this.action),
                    this.cancel ? h("button", { type: "button", onclick: () => this.cancel?.() }, "Cancel") : null,
                ),
            ),
        );
    }

    #grouped() {
        const asked = this.#asked;
        const groups = [...new Set(asked.map((field) => field.group ?? ""))];
        return groups.map((group) => {
            const fields = asked.filter((field) => (field.group ?? "") === group).map((field) => this.#field(field));
            return group ? h("fieldset", { key: group }, h("legend", {}, group), fields) : fields;
        });
    }

    /** @param {Field} field */
    #field(field) {
        const id = `${this.#id}-${field.name}`;
        const wrong = this.#errors[field.name];
        const described = [field.help && `${id}-help`, wrong && `${id}-wrong`].filter(Boolean).join(" ");
        const common = {
            id,
            name: field.name,
            required: field.required,
            "aria-invalid": wrong ? "true" : undefined,
            "aria-describedby": described || undefined,
            oninput: this.#typed,
        };
        const label = field.label ?? title(field.name);
        const help = field.help ? h("small", { id: `${id}-help` }, field.help) : null;
        const error = wrong ? h("strong", { id: `${id}-wrong`, class: "wrong" }, `${label} ${wrong.join(", ")}.`) : null;
        if (field.kind === "boolean") {
            const box = h("input", { ...common, type: "checkbox", checked: this.#value(field) === true });
            return h("div", { class: "field check", key: field.name }, box, h("label", { for: id }, label), help, error);
        }
        const mark = field.required ? h("span", { class: "required" }, "required") : null;
        return h(
            "div",
            { class: "field", key: field.name },
            h("label", { for: id }, label, mark),
            help,
            this.#control(field, common),
            error,
        );
    }

    /** @param {Field} field @param {Record<string, any>} common */
    #control(field, common) {
        const value = this.#value(field);
        const { placeholder } = field;
        switch (field.kind) {
            case "long":
                return h("textarea", { ...common, placeholder, rows: "5", value });
            case "list":
                return h("textarea", { ...common, placeholder, rows: "3", value });
            case "json":
                return h("textarea", { ...common, placeholder, rows: "5", class: "code", spellcheck: "false", value });
            case "choice":
                return h(
                    "select",
                    { ...common, value },
                    (field.choices ?? []).map(([value, label]) => h("option", { value, key: value }, label)),
                );
            case "pick": {
                const { name, oninput, ...control } = common;
                return h("mkt-pick", { name, find: field.find, known: field.known, control: { ...control, placeholder }, value, oninput });
            }
            default: {
                const type = TYPES[field.kind ?? "text"] ?? "text";
                const autocomplete = field.kind === "secret" ? "new-password" : "off";
                return h("input", { ...common, type, placeholder, autocomplete, step: field.kind === "time" ? "1" : undefined, value });
            }
        }
    }

    #typed = (/** @type {Event} */ event) => {
        const control = /** @type {HTMLInputElement} */ (event.target);
        this.#entered.set(control.name, control.type === "checkbox" ? control.checked : control.value);
        // What is entered here may decide what is asked for there.
        if (this.fields.some(({ when }) => when)) this.draw();
    };

    #submitted = async (/** @type {Event} */ event) => {
        event.preventDefault();
        if (this.#isBusy) return;
        this.#errors = this.#missing();
        this.#refusal = Object.keys(this.#errors).length > 0 ? "Some of this can't be taken yet." : null;
        /** @type {Record<string, any>} */
        const values = {};
        for (const field of this.#asked) {
            try {
                values[field.name] = read(field, this.#value(field));
            } catch {
                this.#refusal = "Some of this can't be taken yet.";
                this.#errors[field.name] = ["must be JSON"];
            }
        }
        if (this.#refusal) return this.#point();
        this.#isBusy = true;
        this.draw();
        try {
            await this.submit(values);
            this.#entered.clear();
        } catch (error) {
            this.#refusal = words(error);
            this.#errors = error instanceof Refusal ? error.errors : {};
        }
        this.#isBusy = false;
        if (!this.isConnected) return;
        if (this.#refusal) this.#point();
        else this.draw();
    };

    #missing() {
        /** @type {Record<string, string[]>} */
        const errors = {};
        for (const field of this.#asked) {
            const value = this.#value(field);
            if (field.required && (value === "" || value === undefined || value === null)) errors[field.name] = ["is required"];
        }
        return errors;
    }

    /** Shows what is wrong, and goes to the first of it. */
    #point() {
        this.draw();
        const first = this.querySelector("[aria-invalid=true]") ?? this.querySelector("[role=alert]");
        if (first instanceof HTMLElement) first.focus();
    }
}
customElements.define("mkt-form", Form);

/** As it stands in a field. @param {Field} field @param {any} value */
function shown(field, value) {
    if (field.kind === "boolean") return value === true;
    if (value === undefined || value === null) return field.kind === "choice" ? (field.choices?.[0]?.[0] ?? "") : "";
    if (field.kind === "json") return JSON.stringify(value, null, 2);
    if (field.kind === "list") return value.join("\n");
    if (field.kind === "time") return local(value);
    return String(value);
}

/** As it is sent. @param {Field} field @param {any} value */
function read(field, value) {
    if (field.kind === "boolean") return value === true;
    if (field.kind === "list")
        return String(value)
            .split("\n")
            .map((line) => line.trim())
            .filter(Boolean);
    if (value === "") return field.kind === "secret" ? undefined : null;
    if (field.kind === "number") return Number(value);
    if (field.kind === "json") return JSON.parse(value);
    if (field.kind === "time") return new Date(value).toISOString();
    return value;
}

/** An instant as the control for it takes it: by the reader's clock, without a zone. @param {string} time */
function local(time) {
    const at = new Date(time);
    return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 19);
}

/** A form as part of a page. @param {Record<string, any>} props */
export function form(props) {
    return h("mkt-form", props);
}
