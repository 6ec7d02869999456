/**
 * What views have in common: they load what they show, tell while they do, say what is wrong, and follow what changes. A view has
 * `load`, which answers what it shows, and `view`, which describes the page of it.
 */

import { Refusal } from "./api.js";
import { h, render } from "./dom.js";
import { live } from "./live.js";
import { HOME, to } from "./router.js";
import { session } from "./session.js";

/** Who waits for less than this, in milliseconds, is shown nothing of it. */
const PATIENT = 200;
/** Changes that come as close as this, in milliseconds, are looked at together. */
const TOGETHER = 250;
/** What takes long to load is loaded less often: in between, for so many times as long it is not. */
const SPARING = 3;

/** @typedef {import("./dom.js").Child} Child */

/** @template [Data=any] */
export class View extends HTMLElement {
    /** From the address. @type {Record<string, string>} */
    params = {};
    /** From the address. */
    query = new URLSearchParams();
    /** What was loaded. @type {Data | null} */
    data = null;
    /** @type {unknown} */
    #wrong = null;
    #isWaiting = false;
    #life = new AbortController();
    /** @type {AbortController | null} */
    #loading = null;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    #soon;
    /** Before this, by the clock of `performance`, it is not loaded anew for what others did. */
    #rested = 0;
    /** Whether something has changed since what is loaded was asked for. */
    #isStale = false;

    /** What the page is called. @returns {string} */
    get name() {
        return "";
    }

    /** Ends with the view. */
    get signal() {
        return this.#life.signal;
    }

    /** What is shown. @param {AbortSignal} _signal @returns {Promise<Data>} */
    async load(_signal) {
        return /** @type {any} */ ({});
    }

    /** The page of it. @param {Data} _data @returns {Child} */
    view(_data) {
        return null;
    }

    /** What to show while there is nothing yet. @returns {Child} */
    skeleton() {
        return h("div", { class: "skeleton", "aria-hidden": "true" }, h("i"), h("i"), h("i"), h("i"));
    }

    /** Begins to follow what it has to: called once. */
    started() {}

    connectedCallback() {
        if (this.#life.signal.aborted) this.#life = new AbortController();
        session.addEventListener("change", () => this.draw(), { signal: this.signal });
        // Who comes back to the page sees what is, whether it could be followed or not.
        document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && this.refreshSoon(), {
            signal: this.signal,
        });
        this.started();
        this.refresh();
    }

    disconnectedCallback() {
        clearTimeout(this.#soon);
        this.#soon = undefined;
        this.#life.abort();
        this.#loading?.abort();
        this.#loading = null;
    }

    /** The same view of another address. @param {Record<string, string>} params @param {URLSearchParams} query */
    moved(params, query) {
        this.params = params;
        this.query = query;
        return this.refresh();
    }

    /** Loads anew, and shows it. */
    async refresh() {
        this.#loading?.abort();
        const loading = new AbortController();
        this.#loading = loading;
        const waiting = setTimeout(() => {
            this.#isWaiting = true;
            this.draw();
        }, PATIENT);
        const begun = performance.now();
        try {
            const data = await this.load(loading.signal);
            const now = performance.now();
            this.#rested = now + SPARING * (now - begun);
            if (loading.signal.aborted) return;
            this.data = data;
            this.#wrong = null;
        } catch (error) {
            if (loading.signal.aborted) return;
            this.#wrong = error;
        } finally {
            clearTimeout(waiting);
        }
        this.#loading = null;
        this.#isWaiting = false;
        this.draw();
        if (this.#isStale) this.refreshSoon();
        this.#isStale = false;
    }

    /** Loads anew in a moment, with whatever else changes meanwhile; what is being loaded is waited for. */
    refreshSoon() {
        this.#soon ??= setTimeout(
            () => {
                this.#soon = undefined;
                if (this.#loading) this.#isStale = true;
                else this.refresh();
            },
            Math.max(TOGETHER, this.#rested - performance.now()),
        );
    }

    /**
     * Follows a channel as long as this view lives.
     * @param {string} channel @param {Record<string, string>} [params] @param {(event: any) => void} [event] What to do with
     *     an event; without, all is loaded anew.
     */
    follow(channel, params = {}, event = () => this.refreshSoon()) {
        live.follow(channel, params, { event, right: () => this.refreshSoon() }, this.signal);
    }

    /** Loads anew now and then, for what no event tells of. @param {number} milliseconds */
    every(milliseconds) {
        const timer = setInterval(() => document.visibilityState === "visible" && this.refreshSoon(), milliseconds);
        this.signal.addEventListener("abort", () => clearInterval(timer));
    }

    /** Shows what there is. */
    draw() {
        if (!this.isConnected) return;
        this.setAttribute("aria-busy", String(this.#isWaiting));
        render(this, this.#page());
        if (this.name) document.title = `${this.name} · ${document.documentElement.dataset.title ?? "Marketplace"}`;
    }

    /** @returns {Child} */
    #page() {
        if (this.#wrong && !this.data) return problem(this.#wrong, () => this.refresh());
        if (this.data === null) return this.#isWaiting ? this.skeleton() : null;
        return [
            this.#wrong ? h("p", { key: "stale", class: "notice warning", role: "status" }, staleness(this.#wrong)) : null,
            this.view(this.data),
        ];
    }
}

/** @param {unknown} wrong */
function staleness(wrong) {
    return `What you see may be old: ${words(wrong)}`;
}

/** What an error says to people. @param {unknown} error */
export function words(error) {
    if (error instanceof Refusal) return error.message;
    console.error(error);
    return "Something went wrong on this page. Reload it to go on.";
}

/** What is shown where nothing could be loaded. @param {unknown} error @param {() => void} retry @returns {Child} */
function problem(error, retry) {
    const status = error instanceof Refusal ? error.status : -1;
    const [title, help] =
        status === 404
            ? ["There is nothing here", "It may be gone, or not be there for you to see."]
            : status === 401
              ? ["Please sign in", words(error)]
              : status === 403
                ? ["This is not for everybody", words(error)]
                : status === 0
                  ? ["You are offline", words(error)]
                  : ["This could not be shown", words(error)];
    const signIn = (status === 401 || status === 403 || status === 404) && !session.isSignedIn;
    return h(
        "section",
        { class: "empty", role: "alert" },
        h("h1", {}, title),
        h("p", {}, help),
        h(
            "p",
            { class: "actions center" },
            signIn
                ? h(
                      "a",
                      { class: "button primary", href: to("sign-in", { after: location.pathname.slice(HOME.length) + location.search }) },
                      "Sign in",
                  )
                : null,
            h("button", { type: "button", onclick: retry }, "Try again"),
        ),
    );
}
