/** Deploying a build to a platform: where to, what it needs there, how it is set; then it is made, and shown as it starts. */

import { Refusal, all, find, get, send } from "../base/api.js";
import { h } from "../base/dom.js";
import { form } from "../base/form.js";
import { go, to } from "../base/router.js";
import { session } from "../base/session.js";
import { View } from "../base/view.js";
import { productFacts } from "../parts/label.js";
import { POLICY, USUAL } from "../parts/policy.js";
import { bindingsOf, refuse, settingFields } from "../parts/settings.js";
import { empty, section, trail } from "../parts/small.js";
import { needs, tasks } from "./instance/plan.js";

/**
 * @typedef {{product: any, builds: any[], build: any, configurations: any[], platforms: any[], platform: any, planned: any,
 *     others: any[], right: Right | null, label: any}} Data
 */
/** Whether the platform's owner may use the product. @typedef {{granted: boolean, why: string}} Right */

/** @extends {View<Data>} */
class Deploy extends View {
    get name() {
        return this.data ? `Deploy ${this.data.product.name}` : "Deploy";
    }

    started() {
        this.follow("AccountChannel");
        this.follow("ProductChannel", { product_id: this.params.product });
    }

    async load(/** @type {AbortSignal} */ signal) {
        const me = session.require();
        const path = `/products/${this.params.product}`;
        const [product, found, platforms] = await Promise.all([
            get(path, undefined, signal),
            all(`${path}/builds`, { sort: "created_at", order: "descending" }, signal),
            all(session.may("instances", "create") ? "/platforms" : `/users/${me.id}/platforms`, {}, signal),
        ]);
        const wanted = this.query.get("build");
        const builds = found.filter((build) => build.id === wanted || (build.published_at && !build.yanked_at));
        const build = builds.find((one) => one.id === (wanted ?? product.latest_build?.id)) ?? builds[0];
        const platform = platforms.find((one) => one.id === this.query.get("platform")) ?? (platforms.length === 1 ? platforms[0] : null);
        const none = { configurations: [], planned: null, others: [], right: null, label: null };
        if (!build || platforms.length === 0) return { product, builds, build, platforms, platform, ...none };
        const [configurations, label, plan, right] = await Promise.all([
            all(`${build.path}/configurations`, {}, signal),
            find(`${build.path}/label${platform ? `?platform=${platform.id}` : ""}`, signal),
            platform ? this.#plan(platform, build, {}, signal) : { planned: null, others: [] },
            platform ? rightOf(platform.user_id, product.id, signal) : null,
        ]);
        return { product, builds, build, configurations, platforms, platform, ...plan, right, label };
    }

    /**
     * What would become of it, and what is there of the same product already.
     * @param {any} platform @param {any} build @param {Record<string, any>} bindings @param {AbortSignal} [signal]
     */
    async #plan(platform, build, bindings, signal) {
        const proposal = { build_id: build.id, configuration_id: this.query.get("configuration"), launch_bindings: bindings };
        const { instances } = await send("POST", `/platforms/${platform.id}/plan`, proposal, { signal });
        const planned = instances.find((/** @type {any} */ one) => !one.deployed);
        return { planned, others: instances.filter((/** @type {any} */ one) => one.deployed && one.product.id === planned.product.id) };
    }

    view(/** @type {Data} */ data) {
        const { product, build, platforms, planned, label } = data;
        const head = [
            trail(["Catalogue", to("")], [product.name, to(`products/${product.id}`)]),
            h("h1", { tabindex: "-1" }, `Deploy ${product.name}`),
        ];
        if (!build) return [head, empty("Nothing to deploy", "No build of this product is published.")];
        if (platforms.length === 0) {
            const help = "A platform is a machine of yours with an agent, which runs what you deploy there.";
            return [
                head,
                empty("You have no platform yet", help, h("a", { class: "button primary", href: to("platforms") }, "Add a platform")),
            ];
        }
        return [
            head,
            h(
                "div",
                { class: "columns" },
                h(
                    "div",
                    { class: "stack" },
                    this.#where(data),
                    planned
                        ? [verdict(data), needs(planned), tasks(planned), this.#settings(data)]
                        : h("p", { class: "notice" }, "Choose a platform to go on."),
                ),
                h("aside", { class: "stack", "aria-label": "Facts" }, label ? productFacts(label) : null),
            ),
        ];
    }

    /** What runs where. @param {Data} data */
    #where({ builds, build, configurations, platforms, platform, planned }) {
        const isOwn = (/** @type {any} */ one) => one.user_id === session.user?.id;
        const places = platforms.map((one) => [one.id, `${one.name} (${one.state}${isOwn(one) ? "" : ", of somebody else"})`]);
        return section(
            "What and where",
            h(
                "div",
                { class: "destination" },
                this.#choice("platform", "Platform", platform?.id ?? "", platform ? places : [["", "Choose one…"], ...places]),
                this.#choice(
                    "build",
                    "Build",
                    build.id,
                    builds.map((one) => [one.id, one.version]),
                ),
                configurations.length > 1 && planned
                    ? this.#choice(
                          "configuration",
                          "Configuration",
                          planned.configuration?.id,
                          configurations.map((one) => [one.id, one.default ? `${one.name} (default)` : one.name]),
                      )
                    : null,
            ),
        );
    }

    /** A choice that stands in the address. @param {string} name @param {string} label @param {string} value @param {string[][]} options */
    #choice(name, label, value, options) {
        const choose = (/** @type {any} */ event) => {
            // Another build has configurations of its own.
            const others = Object.entries({ ...Object.fromEntries(this.query), [name]: event.target.value });
            const kept = others.filter(([one]) => name !== "build" || one !== "configuration");
            go(to(`products/${this.params.product}/deploy`, Object.fromEntries(kept)), { replace: true });
        };
        return h(
            "div",
            { class: "field", key: name },
            h("label", { for: `choose-${name}` }, label),
            h(
                "select",
                { id: `choose-${name}`, value, onchange: choose },
                options.map(([one, called]) => h("option", { value: one, key: one }, called)),
            ),
        );
    }

    /** @param {Data} data */
    #settings({ build, platform, planned, right }) {
        const deploy = async (/** @type {Record<string, any>} */ entered) => {
            const bindings = bindingsOf(planned, entered);
            refuse((await this.#plan(platform, build, bindings)).planned.problems);
            const instance = await send("POST", `${platform.path}/instances`, {
                build_id: build.id,
                configuration_id: planned.configuration?.id,
                launch_bindings: bindings,
                updates: entered.updates,
                maintenance: entered.maintenance,
                maintenance_minutes: entered.maintenance_minutes ?? undefined,
            });
            go(to(`platforms/${platform.user_id}/${platform.id}/instances/${instance.id}`));
        };
        const isSure = !planned.blocked && right?.granted !== false;
        return section(
            "How",
            form({
                key: `${build.id} ${planned.configuration?.id} ${platform.id}`,
                fields: [...settingFields(planned), ...POLICY],
                values: USUAL,
                action: isSure ? `Deploy to ${platform.name}` : `Deploy to ${platform.name} all the same`,
                submit: deploy,
            }),
        );
    }
}
customElements.define("mkt-deploy", Deploy);

/** @param {string} user @param {string} product @param {AbortSignal} signal @returns {Promise<Right | null>} */
async function rightOf(user, product, signal) {
    try {
        await get(`/authorizations/users/${user}/products/${product}`, undefined, signal);
        return { granted: true, why: "" };
    } catch (error) {
        if (error instanceof Refusal && error.status === 422) return { granted: false, why: error.message };
        // Whoever may not ask for others goes without.
        if (error instanceof Refusal && (error.status === 403 || error.status === 404)) return null;
        throw error;
    }
}

/** Whether it could run there. @param {Data} data */
function verdict({ platform, planned, others, right }) {
    const isOwn = platform.user_id === session.user?.id;
    const noRight = right && !right.granted;
    return h(
        "div",
        { class: "stack verdicts", role: "status" },
        planned.blocked
            ? h(
                  "p",
                  { key: "blocked", class: "notice warning" },
                  `It would be blocked. ${planned.blocked} It starts by itself as soon as that is there.`,
              )
            : null,
        noRight
            ? h(
                  "p",
                  { key: "right", class: "notice warning" },
                  `It would not be allowed to start. ${right.why} `,
                  isOwn ? h("a", { href: to("account/entitlements") }, "Your entitlements") : null,
              )
            : null,
        platform.state === "offline"
            ? h(
                  "p",
                  { key: "offline", class: "notice warning" },
                  `The agent of ${platform.name} is offline; it starts when the agent is back.`,
              )
            : null,
        others.map((one) => {
            const address = to(`platforms/${platform.user_id}/${platform.id}/instances/${one.id}`);
            return h(
                "p",
                { key: one.id, class: "notice" },
                h("a", { href: address }, `${one.product.name} ${one.build.version}`),
                " is deployed there already. What you deploy here comes in addition.",
            );
        }),
        !planned.blocked && !noRight && platform.state === "online"
            ? h("p", { key: "good", class: "notice good" }, `It can run on ${platform.name}.`)
            : null,
    );
}
