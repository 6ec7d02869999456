/** The administration: the parts of it that one may see, and the one that the address names. */

import { h } from "../base/dom.js";
import { to } from "../base/router.js";
import { session } from "../base/session.js";
import { View } from "../base/view.js";
import { empty } from "../parts/small.js";
import { seen } from "./administration/parts.js";

/** @typedef {import("./administration/parts.js").Part} Part */

class Administration extends View {
    get #part() {
        const named = this.params.part ?? "";
        return seen().find(({ part }) => part === (named === "overview" ? "" : named));
    }

    /** The element that shows what the address names. @param {Part} part */
    #tag(part) {
        return this.params.id ? part.page : part.list;
    }

    async load() {
        try {
            await this.#part?.load();
            return { isLoaded: true };
        } catch (error) {
            console.error(error);
            return { isLoaded: false };
        }
    }

    /** What is shown stays, and moves with the address. @param {Record<string, string>} params @param {URLSearchParams} query */
    async moved(params, query) {
        this.params = params;
        this.query = query;
        const part = this.#part;
        const shown = part && this.querySelector(this.#tag(part) ?? part.list);
        if (shown instanceof View) await shown.moved(params, query);
        else await this.refresh();
    }

    /** Where the parts are one row, the one that is shown is in sight. */
    draw() {
        super.draw();
        const nav = this.querySelector(".parts");
        const current = /** @type {HTMLElement | null} */ (nav?.querySelector("[aria-current]") ?? null);
        if (nav && current) nav.scrollLeft = current.offsetLeft - (nav.clientWidth - current.offsetWidth) / 2;
    }

    view(/** @type {{isLoaded: boolean}} */ { isLoaded }) {
        if (!isLoaded) return missing();
        const parts = seen();
        const part = this.#part;
        const tag = part && this.#tag(part);
        if (!tag) return this.#nothing();
        return h(
            "div",
            { class: "administration" },
            h("nav", { class: "parts", "aria-label": "Administration" }, this.#links(parts, part)),
            // A view moves by itself: what it begins with is all that it is given.
            h(tag, { key: tag + (this.params.id ?? ""), params: this.params, query: this.query }),
        );
    }

    /** @param {Part[]} parts @param {Part} current */
    #links(parts, current) {
        const groups = [...new Set(parts.map(({ group }) => group))];
        return groups.map((group) =>
            h(
                "div",
                { key: group },
                group ? h("p", { id: `parts-${group}`, class: "quiet" }, group) : null,
                h(
                    "ul",
                    { "aria-labelledby": group ? `parts-${group}` : undefined },
                    parts
                        .filter((part) => part.group === group)
                        .map((part) =>
                            h(
                                "li",
                                { key: part.part },
                                h(
                                    "a",
                                    {
                                        href: to(`administration/${part.part}`.replace(/\/$/, "")),
                                        "aria-current": part === current ? "page" : undefined,
                                    },
                                    part.label,
                                ),
                            ),
                        ),
                ),
            ),
        );
    }

    #nothing() {
        const isNobody = !session.isSignedIn;
        const after = ["administration", this.params.part, this.params.id].filter(Boolean).join("/");
        const signIn = h("a", { class: "button primary", href: to("sign-in", { after }) }, "Sign in");
        return [
            h("h1", { class: "hidden", tabindex: "-1" }, "Administration"),
            isNobody
                ? empty("This is not for everybody", "Sign in to see what you may administer.", signIn)
                : empty(
                      "There is nothing here for you",
                      "It may be gone, or you lack the permission to see it. Administrators appoint people to roles.",
                      h("a", { class: "button", href: to("") }, "To the catalogue"),
                  ),
        ];
    }
}
customElements.define("mkt-administration", Administration);

/** What is shown where a part's script could not be had. */
function missing() {
    const help = "The marketplace may have been brought up to date while this page was open, or your connection is gone.";
    const reload = h("button", { type: "button", class: "primary", onclick: () => location.reload() }, "Reload");
    return h(
        "section",
        { class: "empty", role: "alert" },
        h("h1", {}, "This page could not be loaded"),
        h("p", {}, help),
        h("p", { class: "actions center" }, reload),
    );
}
