/** A platform: whether its agent is there, what runs on it, and its key. */

import { all, find, get, send } from "../base/api.js";
import { h } from "../base/dom.js";
import { several } from "../base/format.js";
import { go, to } from "../base/router.js";
import { session } from "../base/session.js";
import { View } from "../base/view.js";
import { ask, consent } from "../parts/dialog.js";
import { copyable, empty, facts, heading, section, state, table, trail, when } from "../parts/small.js";
import { attempt, say } from "../parts/toast.js";
import { KEY, keyHelp } from "./platform/key.js";

/** How often what no event tells of is looked at, in milliseconds. */
const NOW_AND_THEN = 15_000;

/** @typedef {{platform: any, owner: any, agents: any[], instances: any[], planned: Map<string, any>}} Data */

/** @extends {View<Data>} */
class Platform extends View {
    get name() {
        return this.data?.platform.name ?? "Platform";
    }

    get #path() {
        return `/users/${this.params.user}/platforms/${this.params.platform}`;
    }

    started() {
        this.follow("PlatformChannel", { platform_id: this.params.platform });
        this.every(NOW_AND_THEN);
    }

    async load(/** @type {AbortSignal} */ signal) {
        session.require();
        const [platform, agents, instances, plan, owner] = await Promise.all([
            get(this.#path, undefined, signal),
            get(`${this.#path}/agents`, undefined, signal),
            all(`${this.#path}/instances`, { sort: "created_at" }, signal),
            get(`${this.#path}/plan`, undefined, signal),
            find(`/users/${this.params.user}`, signal),
        ]);
        const planned = new Map(plan.instances.map((/** @type {any} */ one) => [one.id, one]));
        return { platform, owner, agents: agents.results, instances, planned };
    }

    /** @param {string} verb */
    #may(verb) {
        return session.user?.id === this.params.user || session.may("platforms", verb);
    }

    view(/** @type {Data} */ data) {
        const { platform, owner } = data;
        const isOwn = session.user?.id === platform.user_id;
        return [
            trail(["Platforms", to("platforms", { whose: isOwn ? null : "all" })]),
            heading(
                [platform.name, " ", state(platform.state)],
                this.#may("update") ? h("button", { type: "button", onclick: this.#rename }, "Rename") : null,
                this.#may("update")
                    ? h("button", { type: "button", onclick: this.#setKey }, platform.public_key ? "Replace key" : "Add key")
                    : null,
                this.#may("delete") ? h("button", { type: "button", class: "danger", onclick: this.#delete }, "Delete") : null,
            ),
            h(
                "div",
                { class: "columns" },
                h("div", { class: "stack" }, this.#instances(data), this.#agents(data)),
                h(
                    "aside",
                    { class: "stack", "aria-label": "Facts" },
                    section(
                        "Details",
                        facts([
                            ["Last heard of", when(platform.last_seen_at)],
                            ["Owner", isOwn ? null : (owner?.name ?? copyable(platform.user_id, "id of the owner"))],
                            ["Added", when(platform.created_at)],
                            ["Id", copyable(platform.id, "id")],
                        ]),
                    ),
                    section(
                        "Key",
                        platform.public_key
                            ? h("pre", {}, platform.public_key.trim())
                            : h("p", { class: "quiet" }, "None yet: no agent can sign in."),
                    ),
                ),
            ),
        ];
    }

    /** @param {Data} data */
    #instances({ platform, instances, planned }) {
        const catalogue = h("a", { class: "button", href: to("") }, "Find something to deploy");
        if (instances.length === 0) {
            const help = "Choose a product in the catalogue, and deploy it to this platform.";
            return section("Instances", empty("Nothing is deployed here", help, catalogue));
        }
        const address = (/** @type {any} */ one) => to(`platforms/${platform.user_id}/${platform.id}/instances/${one.id}`);
        const plan = (/** @type {any} */ one) => planned.get(one.id);
        const what = (/** @type {any} */ one) => [
            h("a", { href: address(one) }, plan(one)?.product.name ?? "A product you can't see"),
            h("small", { class: "block" }, plan(one)?.build.version),
        ];
        const how = (/** @type {any} */ { state: word, wanted }) => [
            state(word),
            wanted === "stopped" && word !== "stopped" ? h("small", { class: "block" }, "is to stop") : null,
        ];
        return section(
            "Instances",
            table(
                "Instances",
                [
                    ["Product", what],
                    ["State", how],
                    ["Last told of", (one) => when(one.last_seen_at)],
                    ["", (one) => notes(one, plan(one))],
                ],
                instances,
                (one) => one.id,
            ),
        );
    }

    /** @param {Data} data */
    #agents({ platform, agents }) {
        if (agents.length > 0) {
            return section(
                "Agents",
                table(
                    "Agents that are there",
                    [
                        ["From", (one) => one.address ?? "unknown"],
                        ["Connected", (one) => when(one.connected_at)],
                        ["Last heard of", (one) => when(one.seen_at)],
                    ],
                    agents,
                    (/** @type {any} */ one) => one.id,
                ),
            );
        }
        return section(
            "Agents",
            platform.public_key
                ? [
                      h("p", {}, "No agent is there. What runs goes on; what you change waits until one is back. This starts one:"),
                      copyable(`mkt agent --platform ${platform.id} --key FILE`, "command"),
                  ]
                : h("p", {}, "None can sign in before the platform has a key."),
        );
    }

    #rename = () =>
        ask("Rename", {
            fields: [{ name: "name", required: true }],
            values: this.data?.platform,
            submit: async (values) => {
                await send("PATCH", this.#path, values);
                await this.refresh();
            },
        });

    #setKey = async () => {
        const { platform } = /** @type {Data} */ (this.data);
        const warning = "Whoever has the present key is out at once. What runs goes on until an agent has the new one.";
        const isDone = await ask("Key of the platform", {
            intro: [platform.public_key ? h("p", {}, warning) : null, keyHelp(platform.name)],
            fields: [{ ...KEY, help: "The public half, as PEM or JWK.", required: true }],
            action: platform.public_key ? "Replace" : "Add",
            submit: async (values) => {
                await send("PATCH", this.#path, values);
                await this.refresh();
            },
        });
        if (isDone) say("The platform has the key.");
    };

    #delete = async () => {
        const { platform, instances } = /** @type {Data} */ (this.data);
        const deployed = several(instances.length, "instance");
        const what = `What is deployed to it goes with it (${deployed}); what runs on the machine goes on until somebody stops it there.`;
        if (!(await consent(`Delete ${platform.name}?`, `${instances.length > 0 ? what : ""} This can't be undone.`, "Delete"))) return;
        const done = await attempt(async () => [await send("DELETE", this.#path)], `${platform.name} was deleted.`);
        if (done) go(to("platforms"));
    };
}
customElements.define("mkt-platform", Platform);

/** What there is to say of an instance. @param {any} instance @param {any} planned */
function notes(instance, planned) {
    const isQuiet = instance.wanted === "stopped" || instance.state === "running";
    const why = instance.state_message ?? (isQuiet ? null : (planned?.blocked ?? planned?.problems[0]));
    return [
        why ? h("p", { key: "why", class: "why" }, why) : null,
        planned?.update && instance.updates !== "pinned"
            ? h("p", { key: "update" }, h("span", { class: "chip accent" }, `${planned.update.name} is there`))
            : null,
    ];
}
