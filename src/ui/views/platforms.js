/** Platforms: those that one has, and for whom it may concern those of all. */

import { byId, get, send } from "../base/api.js";
import { h } from "../base/dom.js";
import { go, to } from "../base/router.js";
import { session } from "../base/session.js";
import { View } from "../base/view.js";
import { ask } from "../parts/dialog.js";
import { pager } from "../parts/pager.js";
import { copyable, empty, heading, state, table, when } from "../parts/small.js";
import { KEY, keyHelp } from "./platform/key.js";

const PER_PAGE = 50;
/** How often what no event tells of is looked at, in milliseconds: when agents were last heard of. */
const NOW_AND_THEN = 30_000;

/** @typedef {{page: import("../base/api.js").Page, owners: Map<string, any>}} Data */

/** @extends {View<Data>} */
class Platforms extends View {
    get name() {
        return "Platforms";
    }

    /** Whether those of all are shown. */
    get #ofAll() {
        return session.may("platforms", "read") && this.query.get("whose") === "all";
    }

    started() {
        this.follow("AccountChannel");
        this.follow("AdministrationChannel", {}, (event) => event.resource_type === "platform" && this.refreshSoon());
        this.every(NOW_AND_THEN);
    }

    async load(/** @type {AbortSignal} */ signal) {
        const me = session.require();
        const page = await get(
            this.#ofAll ? "/platforms" : `/users/${me.id}/platforms`,
            { page: this.query.get("page"), per_page: PER_PAGE },
            signal,
        );
        const owners = this.#ofAll
            ? await byId(
                  "/users",
                  page.results.map((/** @type {any} */ one) => one.user_id),
                  signal,
              )
            : new Map();
        return { page, owners };
    }

    view(/** @type {Data} */ { page, owners }) {
        const add = h("button", { type: "button", class: "primary", onclick: this.#add }, "Add a platform");
        const tab = (/** @type {string | null} */ whose, /** @type {string} */ label) =>
            h(
                "li",
                { key: label },
                h("a", { href: to("platforms", { whose }), "aria-current": this.#ofAll === (whose === "all") ? "page" : undefined }, label),
            );
        return [
            heading("Platforms", page.total_entries > 0 || this.#ofAll ? add : null),
            session.may("platforms", "read")
                ? h("nav", { class: "tabs", "aria-label": "Whose" }, h("ul", {}, tab(null, "Yours"), tab("all", "Of all")))
                : null,
            page.total_entries === 0 ? this.#nothing(add) : h("div", { class: "card" }, this.#table(page.results, owners)),
            pager(page, (number) => to("platforms", { whose: this.query.get("whose"), page: number })),
        ];
    }

    /** @param {any[]} platforms @param {Map<string, any>} owners */
    #table(platforms, owners) {
        /** @type {[string, (one: any) => import("../base/dom.js").Child][]} */
        const columns = [
            ["Name", (one) => h("a", { href: to(`platforms/${one.user_id}/${one.id}`) }, one.name)],
            ["Agent", (one) => state(one.state)],
            ["Last heard of", (one) => when(one.last_seen_at)],
            ["Key", (one) => (one.public_key ? "registered" : h("span", { class: "chip busy" }, "none yet"))],
            ["Added", (one) => when(one.created_at)],
        ];
        if (this.#ofAll) columns.splice(1, 0, ["Owner", (one) => owners.get(one.user_id)?.name ?? "—"]);
        return table("Platforms", columns, platforms, (one) => one.id);
    }

    /** @param {import("../base/dom.js").Child} add */
    #nothing(add) {
        if (this.#ofAll) return empty("No platforms", "Nobody has added one so far.");
        const help = "A platform is a machine where products run. Its agent starts what you deploy, and tells here how that goes.";
        return [
            empty("You have no platform yet", help, add),
            h(
                "section",
                { class: "card" },
                h("h2", {}, "Or from the machine itself"),
                h("p", {}, "This adds a platform, makes its key, and starts the agent:"),
                copyable("mkt platform create basement --key basement.key", "command"),
                copyable("mkt agent --platform ID --key basement.key", "command"),
            ),
        ];
    }

    #add = () =>
        ask("Add a platform", {
            intro: keyHelp("NAME"),
            fields: [{ name: "name", required: true, help: "What you call it, such as basement." }, KEY],
            action: "Add",
            submit: async (values) => {
                const platform = await send("POST", `/users/${session.require().id}/platforms`, values);
                go(to(`platforms/${platform.user_id}/${platform.id}`));
            },
        });
}
customElements.define("mkt-platforms", Platforms);
