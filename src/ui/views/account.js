/** One's account, in parts that have addresses of their own. */

import { h } from "../base/dom.js";
import { to } from "../base/router.js";
import { session } from "../base/session.js";
import { View } from "../base/view.js";
import { entitlements } from "./account/entitlements.js";
import { identities } from "./account/identities.js";
import { keys } from "./account/keys.js";
import { profile } from "./account/profile.js";
import { tokens } from "./account/tokens.js";
import { vouchers } from "./account/vouchers.js";

/**
 * A part of the account.
 * @template [Data=any]
 * @typedef {object} Part
 * @property {string} label
 * @property {(me: import("../base/session.js").Person, signal: AbortSignal, query: URLSearchParams) => Promise<Data>} load
 * @property {(data: Data, view: Pick<View, "refresh">) => import("../base/dom.js").Child} view
 */

/** By their addresses. @type {Record<string, Part>} */
const PARTS = { profile, entitlements, vouchers, tokens, keys, identities };

class Account extends View {
    get #part() {
        return PARTS[this.params.part ?? "profile"] ?? profile;
    }

    get name() {
        return this.#part.label;
    }

    started() {
        this.follow("AccountChannel");
    }

    load(/** @type {AbortSignal} */ signal) {
        const me = session.require();
        return this.#part.load(me, signal, this.query);
    }

    view(/** @type {any} */ data) {
        const tab = (/** @type {[string, Part]} */ [part, { label }]) =>
            h(
                "li",
                { key: part },
                h("a", { href: to(`account/${part}`), "aria-current": PARTS[part] === this.#part ? "page" : undefined }, label),
            );
        return [
            h("h1", { tabindex: "-1" }, "Account"),
            h("nav", { class: "tabs", "aria-label": "Parts of the account" }, h("ul", {}, Object.entries(PARTS).map(tab))),
            this.#part.view(data, this),
        ];
    }
}
customElements.define("mkt-account", Account);
