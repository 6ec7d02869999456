/** A place to drop files on, or to choose them by a button: `<mkt-drop>`. It tells how far they have come and what was refused. */

import { h, render } from "../base/dom.js";
import { count } from "../base/format.js";
import { words } from "../base/view.js";

/** @typedef {(files: File[], progress: import("../base/upload.js").Progress, signal: AbortSignal) => Promise<unknown>} Take */

class Drop extends HTMLElement {
    /** What is done with the files; it may refuse. @type {Take} */
    take = async () => {};
    /** What is being taken. @type {{name: string, share: number, stop: AbortController} | null} */
    #busy = null;
    #refusal = "";
    #isOver = false;

    connectedCallback() {
        this.addEventListener("dragover", this.#over);
        this.addEventListener("dragleave", this.#left);
        this.addEventListener("drop", this.#dropped);
        this.draw();
    }

    disconnectedCallback() {
        // It may only have been moved.
        queueMicrotask(() => this.isConnected || this.#busy?.stop.abort());
    }

    draw() {
        const files = this.getAttribute("files") ?? "file";
        const choose = () => this.querySelector("input")?.click();
        const chosen = (/** @type {Event} */ event) => {
            const input = /** @type {HTMLInputElement} */ (event.target);
            this.#taken([...(input.files ?? [])]);
            // The same file can be chosen again.
            input.value = "";
        };
        const busy = this.#busy;
        this.classList.toggle("over", this.#isOver);
        render(this, [
            h("input", {
                type: "file",
                hidden: true,
                accept: this.getAttribute("accept"),
                multiple: this.hasAttribute("multiple"),
                onchange: chosen,
            }),
            h(
                "p",
                { class: "actions" },
                h(
                    "button",
                    { type: "button", class: "small", disabled: busy !== null, onclick: choose },
                    this.getAttribute("label") ?? "Choose a file",
                ),
                h("span", { class: "quiet" }, `or drop ${files} here`),
            ),
            h("div", { class: "progress", role: "status" }, busy ? this.#progress(busy) : null),
            this.#refusal ? h("p", { class: "wrong", role: "alert" }, this.#refusal) : null,
        ]);
    }

    /** @param {{name: string, share: number, stop: AbortController}} busy */
    #progress({ name, share, stop }) {
        return [
            h("span", {}, `${name}: ${share < 1 ? `${count(Math.round(share * 100))} %` : "being looked at"}`),
            h("progress", { max: "1", value: share < 1 ? String(share) : undefined, "aria-label": `Progress of ${name}` }),
            h("button", { type: "button", class: "small", onclick: () => stop.abort() }, "Stop"),
        ];
    }

    #over = (/** @type {DragEvent} */ event) => {
        if (!event.dataTransfer?.types.includes("Files")) return;
        event.preventDefault();
        if (this.#isOver) return;
        this.#isOver = true;
        this.draw();
    };

    #left = (/** @type {DragEvent} */ event) => {
        if (event.relatedTarget instanceof Node && this.contains(event.relatedTarget)) return;
        this.#isOver = false;
        this.draw();
    };

    #dropped = (/** @type {DragEvent} */ event) => {
        event.preventDefault();
        this.#isOver = false;
        this.#taken([...(event.dataTransfer?.files ?? [])]);
    };

    /** @param {File[]} files */
    async #taken(files) {
        if (this.#busy || files.length === 0) return this.draw();
        const taken = this.hasAttribute("multiple") ? files : files.slice(0, 1);
        const busy = { name: taken.length === 1 ? taken[0].name : `${count(taken.length)} files`, share: 0, stop: new AbortController() };
        [this.#busy, this.#refusal] = [busy, ""];
        this.draw();
        const progress = (/** @type {number} */ share) => {
            busy.share = share;
            this.draw();
        };
        try {
            await this.take(taken, progress, busy.stop.signal);
        } catch (error) {
            this.#refusal = words(error);
        }
        this.#busy = null;
        if (this.isConnected) this.draw();
    }
}
customElements.define("mkt-drop", Drop);

/**
 * A place for files.
 * @param {{label: string, files?: string, accept?: string, multiple?: boolean, take: Take, key?: string}} props What the button says,
 *     what is dropped in words, which kinds of files there are.
 */
export function drop(props) {
    return h("mkt-drop", props);
}
