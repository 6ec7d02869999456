/**
 * Choosing one of many by typing a part of its name: `<mkt-pick>` with `find`, `known`, `control` and `value`, in the manner of a
 * combobox with a list (WAI-ARIA). Its value is an id; it tells of a choice by `input`.
 */

import { Refusal } from "./api.js";
import { h, render } from "./dom.js";

/** How long after a key it is searched, in milliseconds. */
const TYPING = 150;

/** @typedef {{value: string, label: string, note?: string | null}} Option */
/** @typedef {(text: string, signal: AbortSignal) => Promise<Option[]>} Find */

let number = 0;

class Pick extends HTMLElement {
    /** What fits a text. @type {Find} */
    find = async () => [];
    /** What `value` is called. @type {Option | null} */
    known = null;
    #id = `pick-${(number += 1)}`;
    #value = "";
    /** What the input has of its own: its id, what describes it, whether it is wrong. @type {Record<string, any>} */
    #control = {};
    /** What is typed and not chosen yet. @type {string | null} */
    #typed = null;
    /** What fits, or none while nothing is looked for. @type {Option[] | null} */
    #found = null;
    #active = 0;
    /** Whether it is being looked for what fits. */
    #isLooking = false;
    /** Why nothing could be looked for. @type {string | null} */
    #wrong = null;
    #looking = new AbortController();
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    #soon;

    connectedCallback() {
        this.#draw();
    }

    disconnectedCallback() {
        this.#close();
    }

    get name() {
        return this.getAttribute("name") ?? "";
    }

    get value() {
        return this.#value;
    }

    set value(value) {
        if (value === this.#value) return;
        this.#value = value;
        this.#typed = null;
        this.#draw();
    }

    set control(/** @type {Record<string, any>} */ control) {
        this.#control = control;
        this.#draw();
    }

    get #called() {
        if (this.#value === "") return "";
        return this.known?.value === this.#value ? this.known.label : this.#value;
    }

    #draw() {
        if (!this.isConnected) return;
        const found = this.#found;
        const list = `${this.#id}-list`;
        const option = (/** @type {number} */ index) => `${this.#id}-${index}`;
        const said = this.#wrong ?? (found === null ? "" : found.length === 0 ? "Nothing fits." : `${found.length} to choose from.`);
        render(this, [
            h("input", {
                type: "text",
                ...this.#control,
                role: "combobox",
                autocomplete: "off",
                "aria-autocomplete": "list",
                "aria-expanded": String(Boolean(found?.length)),
                "aria-controls": list,
                "aria-activedescendant": found?.length ? option(this.#active) : undefined,
                value: this.#typed ?? this.#called,
                oninput: this.#onType,
                onchange: this.#onChange,
                onclick: this.#onClick,
                onkeydown: this.#onKey,
                onblur: this.#onLeave,
            }),
            h(
                "ul",
                { id: list, role: "listbox", "aria-label": "What fits", hidden: !found?.length },
                (found ?? []).map((one, index) =>
                    h(
                        "li",
                        {
                            key: one.value,
                            id: option(index),
                            role: "option",
                            "aria-selected": String(index === this.#active),
                            onmousedown: this.#onPress,
                            onclick: () => this.#choose(one),
                        },
                        h("span", {}, one.label),
                        one.note ? h("small", {}, one.note) : null,
                    ),
                ),
            ),
            h("small", { role: "status", class: this.#wrong || found?.length === 0 ? "" : "hidden" }, said),
        ]);
        this.querySelector("[aria-selected=true]")?.scrollIntoView({ block: "nearest" });
    }

    /** Looks for what fits. @param {string} text @param {number} wait */
    #look(text, wait) {
        clearTimeout(this.#soon);
        this.#looking.abort();
        this.#looking = new AbortController();
        const { signal } = this.#looking;
        this.#isLooking = true;
        this.#soon = setTimeout(async () => {
            /** @type {Option[]} */
            let found = [];
            let wrong = null;
            try {
                found = await this.find(text.trim(), signal);
            } catch (error) {
                wrong = error instanceof Refusal ? error.message : "This could not be looked for.";
            }
            // What nobody waits for any more changes nothing.
            if (signal.aborted) return;
            [this.#found, this.#wrong, this.#active, this.#isLooking] = [found, wrong, 0, false];
            this.#draw();
        }, wait);
    }

    #close() {
        clearTimeout(this.#soon);
        this.#looking.abort();
        this.#found = null;
        this.#wrong = null;
        this.#draw();
    }

    /** @param {Option | null} option */
    #choose(option) {
        this.known = option;
        this.#value = option?.value ?? "";
        this.#typed = null;
        this.#close();
        this.dispatchEvent(new Event("input", { bubbles: true }));
    }

    // What happens to the input is not what happens to the choice.
    #onType = (/** @type {Event} */ event) => {
        event.stopPropagation();
        this.#typed = /** @type {HTMLInputElement} */ (event.target).value;
        this.#look(this.#typed, TYPING);
    };

    #onChange = (/** @type {Event} */ event) => event.stopPropagation();

    #onClick = () => {
        if (this.#found === null) this.#look(this.#typed ?? "", 0);
    };

    /** The input keeps the focus while one chooses with a mouse. */
    #onPress = (/** @type {Event} */ event) => event.preventDefault();

    #onKey = (/** @type {KeyboardEvent} */ event) => {
        const found = this.#found ?? [];
        if (event.key === "ArrowDown" || event.key === "ArrowUp") {
            event.preventDefault();
            if (this.#found === null) return this.#look(this.#typed ?? "", 0);
            const step = event.key === "ArrowDown" ? 1 : -1;
            this.#active = found.length > 0 ? (this.#active + step + found.length) % found.length : 0;
            this.#draw();
        } else if (event.key === "Enter" && (this.#typed !== null || found.length > 0)) {
            // What is typed is not chosen yet: the form around must not be sent with what was chosen before.
            event.preventDefault();
            if (!this.#isLooking && found.length > 0) this.#choose(found[this.#active]);
        } else if (event.key === "Escape" && this.#found !== null) {
            // It is the list that is left, not the dialog around it.
            event.preventDefault();
            event.stopPropagation();
            this.#close();
        }
    };

    /** An emptied input chooses nothing; other text that was not chosen is what was there before. */
    #onLeave = () => {
        const emptied = this.#typed !== null && this.#typed.trim() === "" && this.#value !== "";
        this.#typed = null;
        if (emptied) this.#choose(null);
        else this.#close();
    };
}
customElements.define("mkt-pick", Pick);
