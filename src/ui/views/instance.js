/** An instance: how far it is and why, what it prints, and all that can be done with it. */

import { all, find, get, send } from "../base/api.js";
import { h } from "../base/dom.js";
import { go, to } from "../base/router.js";
import { session } from "../base/session.js";
import { View } from "../base/view.js";
import { ask, consent } from "../parts/dialog.js";
import { POLICY, policyInWords } from "../parts/policy.js";
import { bindingsOf, refuse, settingFields, settingValues } from "../parts/settings.js";
import { copyable, facts, heading, section, state, trail, when } from "../parts/small.js";
import { attempt, say } from "../parts/toast.js";
import "./instance/logs.js";
import { needs, tasks } from "./instance/plan.js";
import { history, progress, where } from "./instance/reports.js";

/** @typedef {{instance: any, planned: any, platform: any, reports: import("./instance/reports.js").Report[], previous: any}} Data */

/** @extends {View<Data>} */
class Instance extends View {
    get name() {
        return this.data?.planned?.product.name ?? "Instance";
    }

    get #platform() {
        return `/users/${this.params.user}/platforms/${this.params.platform}`;
    }

    get #path() {
        return `${this.#platform}/instances/${this.params.instance}`;
    }

    started() {
        this.follow("PlatformChannel", { platform_id: this.params.platform });
        this.every(30_000);
    }

    async load(/** @type {AbortSignal} */ signal) {
        session.require();
        const [instance, plan, platform, reports] = await Promise.all([
            get(this.#path, undefined, signal),
            get(`${this.#platform}/plan`, undefined, signal),
            get(this.#platform, undefined, signal),
            get(`${this.#path}/reports`, undefined, signal),
        ]);
        const planned = plan.instances.find((/** @type {any} */ one) => one.id === instance.id) ?? null;
        const before = instance.previous_build_id;
        const previous = before && planned ? await find(`/products/${planned.product.id}/builds/${before}`, signal) : null;
        return { instance, planned, platform, reports: reports.results, previous };
    }

    /** @param {string} verb */
    #may(verb) {
        return session.user?.id === this.params.user || session.may("instances", verb);
    }

    view(/** @type {Data} */ data) {
        const { instance, planned, platform, reports } = data;
        return [
            trail(["Platforms", to("platforms")], [platform.name, to(`platforms/${platform.user_id}/${platform.id}`)]),
            heading(
                [
                    planned?.product.name ?? "A product you can't see",
                    planned ? h("small", { class: "version" }, planned.build.version) : null,
                ],
                this.#actions(data),
            ),
            this.#update(data),
            h(
                "div",
                { class: "columns" },
                h(
                    "div",
                    { class: "stack" },
                    section("State", [progress(instance, reports[0], platform), where(instance, reports[0])]),
                    // What is printed may have secrets.
                    this.#may("update")
                        ? section("Output", h("mkt-logs", { key: instance.id, path: `${this.#path}/logs`, instance: instance.id }))
                        : null,
                    planned ? [needs(planned), tasks(planned)] : null,
                    reports.length > 0 ? section("History", history(reports)) : null,
                ),
                h("aside", { class: "stack", "aria-label": "Facts" }, this.#details(data)),
            ),
        ];
    }

    /** @param {Data} data */
    #actions({ instance, planned }) {
        const button = (/** @type {string} */ label, /** @type {() => unknown} */ onclick, kind = "", key = label) =>
            h("button", { key, type: "button", class: kind, onclick }, label);
        const isStopped = instance.wanted === "stopped";
        return [
            this.#may("update")
                ? [
                      isStopped
                          ? button("Start", () => this.#change({ wanted: "running" }, "It is to run."), "primary", "wanted")
                          : button("Stop", () => this.#change({ wanted: "stopped" }, "It is to stop."), "", "wanted"),
                      planned ? button("Settings", this.#set) : null,
                      button("Updates", this.#decide),
                      planned ? button("Other build", this.#move) : null,
                  ]
                : null,
            this.#may("delete") ? button("Remove", this.#remove, "danger") : null,
        ];
    }

    /** The newer build, and the one before. @param {Data} data */
    #update({ instance, planned, previous }) {
        const newer = planned?.update;
        if (!this.#may("update")) return null;
        const isOffered = newer && instance.updates !== "pinned";
        // Who went back from the newest has that before, too.
        const isBack = instance.previous_build_id && !(isOffered && instance.previous_build_id === newer.id);
        if (!isOffered && !isBack) return null;
        const before = previous?.version ?? "the build before";
        const isAutomatic = instance.updates === "automatic";
        return h(
            "section",
            { class: "notice offer", "aria-label": "Builds" },
            isOffered
                ? h(
                      "p",
                      { key: "newer" },
                      h("strong", {}, `Version ${newer.name} is there.`),
                      isAutomatic
                          ? " It comes by itself when the maintenance window is open."
                          : " It starts beside the present one, which is stopped once it works.",
                  )
                : h("p", { key: "before" }, `Before this it ran ${before}.`),
            h(
                "p",
                { class: "actions" },
                isOffered
                    ? h(
                          "button",
                          { key: "update", type: "button", class: "primary", onclick: () => this.#go("update") },
                          isAutomatic ? "Update now" : `Approve ${newer.name}`,
                      )
                    : null,
                isBack ? h("button", { key: "back", type: "button", onclick: this.#back }, `Go back to ${before}`) : null,
            ),
        );
    }

    /** @param {Data} data */
    #details({ instance, planned, platform }) {
        const build = planned?.build;
        const mark = build?.container_digest ? `@${build.container_digest}` : `:${build?.container_tag ?? "latest"}`;
        const image = build?.container_repository && build.container_repository + mark;
        const bindings = Object.keys(instance.launch_bindings);
        return section(
            "Details",
            facts([
                ["Product", planned ? h("a", { href: to(`products/${planned.product.id}`) }, planned.product.name) : null],
                ["Version", build?.version],
                ["Image", image ? copyable(image, "image") : null],
                ["Signed", build ? (build.signed ? "yes, by its publisher" : "no") : null],
                ["Configuration", planned?.configuration?.name],
                ["Settings", bindings.length > 0 ? h("code", {}, bindings.join(", ")) : "as usual"],
                ["Updates", policyInWords(instance)],
                ["Is to", instance.wanted === "running" ? "run" : "rest"],
                ["Deployed", when(instance.deployed_at ?? instance.created_at)],
                ["Agent", state(platform.state)],
                ["Id", copyable(instance.id, "id")],
            ]),
        );
    }

    /** @param {Record<string, any>} changed @param {string} done */
    async #change(changed, done) {
        await attempt(() => send("PATCH", this.#path, changed), done);
        await this.refresh();
    }

    /** Moves it to the newest build, or to the one before. @param {"update" | "rollback"} how */
    async #go(how) {
        await attempt(() => send("POST", `${this.#path}/${how}`, {}), how === "update" ? "It is being updated." : "It goes back.");
        await this.refresh();
    }

    #back = async () => {
        const text = "It runs what it ran before, with the settings that it has now. Newer builds then wait until you approve them.";
        if (await consent("Go back to the build before?", text, "Go back")) await this.#go("rollback");
    };

    #set = () => {
        const { instance, planned } = /** @type {Data} */ (this.data);
        return ask("Settings", {
            intro: h("p", { class: "quiet" }, "It is started anew with them."),
            fields: settingFields(planned, instance.launch_bindings),
            values: settingValues(planned, instance.launch_bindings),
            submit: async (entered) => {
                const bindings = bindingsOf(planned, entered);
                const proposal = { build_id: instance.build_id, configuration_id: instance.configuration_id, launch_bindings: bindings };
                const plan = await send("POST", `/platforms/${instance.platform_id}/plan`, proposal);
                refuse(plan.instances.find((/** @type {any} */ one) => !one.deployed).problems);
                await send("PATCH", this.#path, { launch_bindings: bindings });
                await this.refresh();
            },
        });
    };

    #decide = () =>
        ask("Updates", {
            fields: POLICY.map((field) => ({ ...field, group: undefined })),
            values: this.data?.instance,
            submit: async (entered) => {
                await send("PATCH", this.#path, { ...entered, maintenance_minutes: entered.maintenance_minutes ?? undefined });
                await this.refresh();
            },
        });

    #move = async () => {
        const { planned } = /** @type {Data} */ (this.data);
        const builds = await attempt(() => all(`/products/${planned.product.id}/builds`, { sort: "created_at", order: "descending" }));
        if (!builds) return;
        const others = builds.filter((build) => build.id !== planned.build.id && build.published_at && !build.yanked_at);
        const choices = others.map((build) => /** @type {[string, string]} */ ([build.id, build.version]));
        if (choices.length === 0) return say("There is no other build of this product that is published.");
        await ask("Other build", {
            intro: h("p", { class: "quiet" }, `It runs ${planned.build.version} now.`),
            fields: [{ name: "build_id", label: "Build", kind: "choice", choices, required: true }],
            action: "Move to it",
            submit: async (entered) => {
                await send("POST", `${this.#path}/update`, entered);
                await this.refresh();
            },
        });
    };

    #remove = async () => {
        const { planned, platform } = /** @type {Data} */ (this.data);
        const text = `The agent of ${platform.name} stops it, and its settings, history and output are gone. This can't be undone.`;
        if (!(await consent(`Remove ${planned?.product.name ?? "this instance"}?`, text, "Remove"))) return;
        const done = await attempt(async () => [await send("DELETE", this.#path)], "It was removed.");
        if (done) go(to(`platforms/${this.params.user}/${this.params.platform}`));
    };
}
customElements.define("mkt-instance", Instance);
