/** Signing in a device that has no browser (RFC 8628): it shows a code, and somebody who is signed in here decides. */

import { Refusal, send } from "../base/api.js";
import { h } from "../base/dom.js";
import { form } from "../base/form.js";
import { HOME, go, to } from "../base/router.js";
import { session } from "../base/session.js";
import { View } from "../base/view.js";
import { when } from "../parts/small.js";
import { attempt } from "../parts/toast.js";

/** @typedef {{code: string, device: {client: string, created_at: string} | null, refused: string | null}} Data */

/** @extends {View<Data>} */
class Device extends View {
    /** What was decided, of which code. @type {{code: string, message: string, approved: boolean} | null} */
    #decided = null;

    get name() {
        return "Sign a device in";
    }

    async load(/** @type {AbortSignal} */ signal) {
        const code = this.query.get("user_code") ?? "";
        const none = { code, device: null, refused: null };
        if (!session.isSignedIn || !code || this.#decided?.code === code) return none;
        try {
            return { ...none, device: await send("POST", "/device", { user_code: code }, { signal }) };
        } catch (error) {
            if (!(error instanceof Refusal) || error.isOffline) throw error;
            const unknown = "No device waits with this code. Is it the one that is shown there? Codes hold for ten minutes and count once.";
            return { ...none, refused: error.status === 404 ? unknown : error.message };
        }
    }

    view(/** @type {Data} */ data) {
        return h(
            "div",
            { class: "sign-in" },
            h("h1", { tabindex: "-1" }, "Sign a device in"),
            h("section", { class: "card", "aria-live": "polite" }, this.#step(data)),
        );
    }

    /** @param {Data} data */
    #step({ code, device, refused }) {
        if (!session.isSignedIn) {
            const after = location.pathname.slice(HOME.length) + location.search;
            return [
                h("p", {}, "A device asks to be signed in as you. To decide that, you have to be signed in yourself."),
                h("p", { class: "actions" }, h("a", { class: "button primary", href: to("sign-in", { after }) }, "Sign in")),
            ];
        }
        if (this.#decided?.code === code) {
            const { approved, message } = this.#decided;
            return h("p", { class: approved ? "notice good" : "notice" }, `${message} You can close this page.`);
        }
        if (device) return this.#question(code, device);
        const enter = async (/** @type {Record<string, any>} */ entered) =>
            go(to("device", { user_code: entered.user_code.trim() }), { replace: true });
        return [
            refused ? h("p", { key: "refused", class: "notice error", role: "alert" }, refused) : null,
            form({
                key: code,
                fields: [{ name: "user_code", label: "The code that the device shows", required: true, placeholder: "XXXX-XXXX" }],
                values: { user_code: code },
                action: "Go on",
                submit: enter,
            }),
        ];
    }

    /** @param {string} code @param {{client: string, created_at: string}} device */
    #question(code, device) {
        const decide = async (/** @type {boolean} */ approve) => {
            const answer = await attempt(() => send("POST", "/device", { user_code: code, approve }));
            if (answer) this.#decided = { code, message: answer.message, approved: approve };
            await this.refresh();
            this.querySelector("h1")?.focus();
        };
        return [
            h(
                "p",
                {},
                h("strong", { class: "device" }, device.client),
                " wants to be signed in as ",
                h("strong", {}, session.user?.name ?? ""),
                ".",
            ),
            h(
                "p",
                {},
                "It shows ",
                h("code", { class: "user-code" }, code),
                " and waits since ",
                when(device.created_at),
                ". It may then do all that you may, for a day.",
            ),
            h("p", { class: "notice warning" }, "Approve it only if you have just started this yourself, and the code is the same."),
            h(
                "p",
                { class: "actions" },
                h("button", { type: "button", class: "primary", onclick: () => decide(true) }, "Approve"),
                h("button", { type: "button", class: "danger", onclick: () => decide(false) }, "Refuse"),
            ),
        ];
    }
}
customElements.define("mkt-device", Device);
