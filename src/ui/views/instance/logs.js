/** What the tasks of an instance print: `<mkt-logs path instance>`, which goes on as they do. */

import { get } from "../../base/api.js";
import { h, render } from "../../base/dom.js";
import { live } from "../../base/live.js";
import { words } from "../../base/view.js";
import { when } from "../../parts/small.js";

/** How often it is looked at in any case, in milliseconds: for two minutes after that, one is told that there is more. */
const OFTEN = 45_000;
/** How close to the end counts as there, in pixels. */
const NEAR = 40;

class Logs extends HTMLElement {
    #life = new AbortController();
    /** @type {{content: string, updated_at: string | null} | null} */
    #logs = null;
    /** @type {string | null} */
    #wrong = null;
    #isFollowing = true;

    connectedCallback() {
        this.#life = new AbortController();
        const { signal } = this.#life;
        const look = () => this.#isFollowing && document.visibilityState === "visible" && this.#load();
        const timer = setInterval(look, OFTEN);
        signal.addEventListener("abort", () => clearInterval(timer));
        document.addEventListener("visibilitychange", look, { signal });
        live.follow("OutputChannel", { instance_id: this.getAttribute("instance") ?? "" }, { event: look, right: look }, signal);
        this.#load();
    }

    disconnectedCallback() {
        this.#life.abort();
    }

    async #load() {
        const { signal } = this.#life;
        try {
            this.#logs = await get(this.getAttribute("path") ?? "", undefined, signal);
            this.#wrong = null;
        } catch (error) {
            if (signal.aborted) return;
            this.#wrong = words(error);
        }
        this.#draw();
    }

    #draw() {
        if (!this.isConnected) return;
        const toggle = () => {
            this.#isFollowing = !this.#isFollowing;
            if (this.#isFollowing) this.#load();
            this.#draw();
        };
        const lines = this.#logs?.content;
        const before = this.querySelector("pre");
        // Who reads further up is left there.
        const isAtEnd = !before || before.scrollHeight - before.scrollTop - before.clientHeight < NEAR;
        render(this, [
            this.#wrong ? h("p", { key: "wrong", class: "notice warning" }, this.#wrong) : null,
            lines
                ? h("pre", { key: "lines", tabindex: "0", role: "region", "aria-label": "Output", class: "logs" }, lines)
                : h("p", { key: "none", class: "quiet" }, this.#logs ? "It has printed nothing so far." : "One moment…"),
            h(
                "p",
                { key: "end", class: "actions" },
                h("button", { type: "button", class: "small", "aria-pressed": String(this.#isFollowing), onclick: toggle }, "Follow"),
                this.#logs?.updated_at ? h("small", {}, "last told ", when(this.#logs.updated_at)) : null,
            ),
        ]);
        const pre = this.querySelector("pre");
        if (pre && isAtEnd) pre.scrollTop = pre.scrollHeight;
    }
}
customElements.define("mkt-logs", Logs);
