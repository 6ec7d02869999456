/** Text that is searched for while it is typed: it goes into the address a moment later, and what is typed goes before what was looked for. */

import { go } from "./router.js";

/** How long after a key it is searched, in milliseconds. */
const PAUSE = 120;

export class Typing {
    /** What is typed, and not in the address yet. @type {Map<string, string>} */
    #typed = new Map();
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    #soon;

    /**
     * @param {{query: URLSearchParams, isConnected: boolean}} view Whose address it is.
     * @param {(changed: Record<string, string>) => string} address The address with other texts in it.
     */
    constructor(view, address) {
        this.view = view;
        this.address = address;
    }

    /** What stands in an input. @param {string} name */
    text(name) {
        const there = this.view.query.get(name) ?? "";
        if (this.#typed.get(name) === there) this.#typed.delete(name);
        return this.#typed.get(name) ?? there;
    }

    /** Takes what is typed. @param {string} name @returns {(event: any) => void} */
    into(name) {
        return (event) => {
            this.#typed.set(name, event.target.value);
            clearTimeout(this.#soon);
            this.#soon = setTimeout(() => {
                // Whoever has gone elsewhere meanwhile stays there.
                if (this.view.isConnected) go(this.address(Object.fromEntries(this.#typed)), { replace: true });
            }, PAUSE);
        };
    }
}
