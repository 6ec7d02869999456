/** Signing in: with an identity provider, or with a token that one has. */

import { all } from "../base/api.js";
import { h } from "../base/dom.js";
import { form } from "../base/form.js";
import { HOME, go } from "../base/router.js";
import { session } from "../base/session.js";
import { View } from "../base/view.js";

class SignIn extends View {
    get name() {
        return "Sign in";
    }

    /** Where one wanted to go. */
    get #after() {
        return HOME + (this.query.get("after") ?? "").replace(/^\/+/, "");
    }

    async load(/** @type {AbortSignal} */ signal) {
        return { providers: await all("/identity_providers", {}, signal) };
    }

    view(/** @type {{providers: any[]}} */ { providers }) {
        const enter = async (/** @type {Record<string, string>} */ { token }) => {
            await session.signInWith(token);
            go(this.#after, { replace: true });
        };
        return h(
            "div",
            { class: "sign-in" },
            h("h1", { tabindex: "-1" }, "Sign in"),
            h(
                "section",
                { class: "card" },
                h("h2", {}, "With your organisation"),
                providers.length === 0
                    ? h("p", { class: "quiet" }, "No identity provider is set up here yet. An administrator adds one under Administration.")
                    : h(
                          "ul",
                          { class: "stack" },
                          providers.map((provider) =>
                              h(
                                  "li",
                                  { key: provider.id },
                                  h(
                                      "button",
                                      { type: "button", class: "primary wide", onclick: () => session.leaveFor(provider, this.#after) },
                                      `Continue with ${provider.name}`,
                                  ),
                              ),
                          ),
                      ),
            ),
            h(
                "details",
                { class: "card", open: providers.length === 0 },
                h("summary", {}, "With a token"),
                h(
                    "p",
                    { class: "quiet" },
                    "A token made under Account, or that of the first administrator, which the server printed when it started. It stays in this tab.",
                ),
                form({ fields: [{ name: "token", label: "Token", kind: "secret", required: true }], action: "Sign in", submit: enter }),
            ),
        );
    }
}
customElements.define("mkt-sign-in", SignIn);
