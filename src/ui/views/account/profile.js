/** Who one is here, and the groups that one is in. */

import { all, get, send } from "../../base/api.js";
import { h } from "../../base/dom.js";
import { form } from "../../base/form.js";
import { session } from "../../base/session.js";
import { copyable, facts, section, when } from "../../parts/small.js";
import { say } from "../../parts/toast.js";

/** @type {import("../../base/form.js").Field[]} */
const FIELDS = [
    { name: "name", required: true, help: "What others see of you." },
    { name: "email", kind: "email" },
    { name: "salutation", group: "In full" },
    { name: "first_name", group: "In full" },
    { name: "middle_name", group: "In full" },
    { name: "last_name", group: "In full" },
];

/** @type {import("../account.js").Part<{user: any, groups: any[]}>} */
export const profile = {
    label: "Profile",

    async load(me, signal) {
        // Whoever sees all groups is not in all of them.
        const [user, groups] = await Promise.all([
            get(`/users/${me.id}`, undefined, signal),
            session.may("groups", "read") ? [] : all("/groups", {}, signal),
        ]);
        return { user, groups };
    },

    view({ user, groups }, view) {
        const save = async (/** @type {Record<string, any>} */ values) => {
            await send("PATCH", `/users/${user.id}`, values);
            await Promise.all([session.look(), view.refresh()]);
            say("Saved.");
        };
        return h(
            "div",
            { class: "columns" },
            section("You", form({ fields: FIELDS, values: user, submit: save })),
            h(
                "aside",
                { class: "stack", "aria-label": "Facts" },
                section(
                    "Details",
                    facts([
                        ["Here since", when(user.created_at)],
                        ["Session ends", session.expires ? when(session.expires.toISOString()) : null],
                        ["Id", copyable(user.id, "id")],
                    ]),
                ),
                groups.length > 0
                    ? section(
                          "Your groups",
                          h(
                              "ul",
                              { class: "stack" },
                              groups.map((group) =>
                                  h(
                                      "li",
                                      { key: group.id },
                                      h("strong", {}, group.name),
                                      group.description ? h("small", { class: "block" }, group.description) : null,
                                  ),
                              ),
                          ),
                      )
                    : null,
            ),
        );
    },
};
