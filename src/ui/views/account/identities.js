/** Whom identity providers know one as. */

import { all, send } from "../../base/api.js";
import { h } from "../../base/dom.js";
import { consent } from "../../parts/dialog.js";
import { empty, section, table, when } from "../../parts/small.js";
import { attempt } from "../../parts/toast.js";
import { button } from "./button.js";

/** @type {import("../account.js").Part<{identities: any[], providers: Map<string, any>}>} */
export const identities = {
    label: "Sign-in",

    async load(me, signal) {
        const [identities, providers] = await Promise.all([
            all(`/users/${me.id}/identities`, {}, signal),
            all("/identity_providers", {}, signal),
        ]);
        return { identities, providers: new Map(providers.map((provider) => [provider.id, provider])) };
    },

    view({ identities, providers }, view) {
        if (identities.length === 0) {
            const help = "You sign in with a token, not with an identity provider. An identity appears here when you sign in with one.";
            return section("Identities", empty("No identities", help));
        }
        const called = (/** @type {any} */ identity) =>
            providers.get(identity.identity_provider_id)?.name ?? "A provider that is not enabled";
        const remove = async (/** @type {any} */ identity) => {
            const rest =
                identities.length > 1
                    ? "You can sign in with the others."
                    : "It is the only one: without it you can sign in with tokens alone.";
            const text = `Whoever signs in there as ${identity.email ?? identity.sub} is not you any more. ${rest}`;
            if (!(await consent(`Delete the identity at ${called(identity)}?`, text, "Delete"))) return;
            await attempt(() => send("DELETE", identity.path), "The identity was deleted.");
            await view.refresh();
        };
        return section("Identities", [
            h("p", { class: "quiet" }, "Each is an account with an identity provider that signs in as you."),
            table(
                "Identities",
                [
                    ["Provider", called],
                    ["Known there as", ({ email, sub }) => [email ?? sub, email ? h("small", { class: "block" }, sub) : null]],
                    ["Confirmed", (identity) => when(identity.iat ?? identity.updated_at)],
                    ["", (identity) => button("Delete", `the identity at ${called(identity)}`, () => remove(identity), "danger")],
                ],
                identities,
                (identity) => identity.id,
            ),
        ]);
    },
};
