/** A build, for those who publish it: what it consists of, what it needs and offers, how it runs, and its way to the public. */

import { all, byId, find, get, send } from "../base/api.js";
import { h } from "../base/dom.js";
import { form } from "../base/form.js";
import { go, to } from "../base/router.js";
import { session } from "../base/session.js";
import { View } from "../base/view.js";
import { ask, consent } from "../parts/dialog.js";
import { productFacts } from "../parts/label.js";
import { image, signature } from "../parts/origin.js";
import { remove } from "../parts/removal.js";
import { copyable, empty, facts, heading, section, state, trail, when } from "../parts/small.js";
import { attempt, say } from "../parts/toast.js";
import { asset } from "./publishing/asset.js";
import { CONTENT, NOTES } from "./publishing/builds.js";
import { history } from "./publishing/history.js";
import { needs, offers } from "./publishing/interfaces.js";
import { isReady, mayEdit, mayPublish } from "./publishing/rights.js";
import { configurations } from "./publishing/tasks.js";

/** @type {import("../base/form.js").Field} */
const PERMISSIONS = { name: "permissions", kind: "json", help: "What it asks to be allowed: a JSON object." };

/** What is said of builds on their way. */
const REOPENED = "; a change of what it consists of makes it a draft again.";

class PublishingBuild extends View {
    get name() {
        return this.data ? `${this.data.product.name} ${this.data.build.version}` : "";
    }

    started() {
        this.follow("ProductChannel", { product_id: this.params.product });
        this.follow("AccountChannel");
    }

    async load(/** @type {AbortSignal} */ signal) {
        session.require();
        const of = `/products/${this.params.product}`;
        const path = `${of}/builds/${this.params.build}`;
        const [product, build] = await Promise.all([get(of, undefined, signal), get(path, undefined, signal)]);
        if (!mayEdit(product)) return { product, build };
        const [dependencies, exposures, ways, reviews, label] = await Promise.all([
            all(`${path}/dependencies`, {}, signal),
            all(`${path}/exposures`, {}, signal),
            all(`${path}/configurations`, {}, signal),
            all(`${path}/reviews`, {}, signal),
            find(`${path}/label`, signal),
        ]);
        const [interfaces, products, people, parameters, tasks] = await Promise.all([
            byId(
                "/interfaces",
                [...dependencies, ...exposures].map((one) => one.interface_id),
                signal,
            ),
            byId(
                "/products",
                dependencies.map((one) => one.dependency_product_id),
                signal,
            ),
            byId(
                "/users",
                reviews.map((one) => one.user_id),
                signal,
            ),
            Promise.all(exposures.map((one) => all(`${one.path}/parameters`, {}, signal))),
            Promise.all(ways.map((one) => all(`${one.path}/tasks`, {}, signal))),
        ]);
        return {
            product,
            build,
            reviews,
            label,
            people,
            interfaces,
            products,
            dependencies,
            exposures: exposures.map((one, index) => ({ ...one, parameters: parameters[index] })),
            configurations: ways.map((one, index) => ({ ...one, tasks: tasks[index] })),
        };
    }

    view(/** @type {any} */ data) {
        const { product, build } = data;
        const way = trail(["Publishing", to("publishing")], [product.name, to(`publishing/${product.id}`)]);
        const title = `${product.name} ${build.version}`;
        if (!mayEdit(product)) {
            const back = h("a", { class: "button", href: to(`products/${product.id}`) }, "See it in the catalogue");
            return [
                way,
                heading(title),
                empty("This is not yours to change", "The product’s owner and those who keep products change it.", back),
            ];
        }
        const changed = () => this.refresh();
        return [
            way,
            h("div", { key: "head", class: "stack tight" }, heading(title, this.#deeds(product, build)), standing(build)),
            h(
                "div",
                { key: "columns", class: "columns" },
                h(
                    "div",
                    { class: "stack" },
                    this.#content(build),
                    configurations(build, data.configurations, changed),
                    needs(build, data.dependencies, data.interfaces, data.products, changed),
                    offers(build, data.exposures, data.interfaces, changed),
                ),
                h(
                    "aside",
                    { class: "stack", "aria-label": "File, origin, history and facts" },
                    asset(build, changed),
                    origin(build),
                    section("History", history(data.reviews, data.people)),
                    data.label ? productFacts(data.label) : null,
                ),
            ),
        ];
    }

    /** @param {any} product @param {any} build */
    #deeds(product, build) {
        const publishes = mayPublish("builds", product);
        const isPublished = build.published_at !== null;
        const isOpen = build.state === "draft" || build.state === "rejected";
        const submit = () => this.#do(build, "submit", "It waits for a decision.");
        const decides = session.may("builds", "publish") || session.may("builds", "validate");
        const isReadyToGo = publishes && !isPublished && isReady(build);
        return [
            isOpen ? h("button", { type: "button", class: isReadyToGo ? "" : "primary", onclick: submit }, "Submit for review") : null,
            decides && !isPublished && !isOpen
                ? h("a", { class: "button", href: to(`reviews/${product.id}/${build.id}`) }, "Review")
                : null,
            isReadyToGo ? h("button", { type: "button", class: "primary", onclick: () => this.#publish(product, build) }, "Publish") : null,
            publishes && isPublished && !build.yanked_at
                ? h("button", { type: "button", class: "danger", onclick: () => this.#yank(build) }, "Withdraw")
                : null,
            isPublished ? null : h("button", { type: "button", class: "danger", onclick: () => this.#delete(product, build) }, "Delete"),
        ];
    }

    /** @param {any} build @param {string} deed @param {string} done @param {any} [body] */
    async #do(build, deed, done, body) {
        await attempt(() => send("POST", `${build.path}/${deed}`, body), done);
        await this.refresh();
    }

    /** @param {any} product @param {any} build */
    async #publish(product, build) {
        const hidden = product.published_at === null ? " It is seen once the product is published, too." : "";
        const text = `What it consists of is fixed from then on: a change takes a new version.${hidden}`;
        if (!(await consent(`Publish build ${build.version}`, text, "Publish"))) return;
        await this.#do(build, "publish", `Build ${build.version} is published.`);
    }

    /** @param {any} build */
    async #yank(build) {
        await ask(`Withdraw build ${build.version}`, {
            intro: h("p", {}, "Nobody deploys it any more; those who run it keep it. This can’t be taken back."),
            fields: [{ name: "reason", kind: "long", required: true, help: "Those who run it read this." }],
            action: "Withdraw",
            submit: (values) => send("POST", `${build.path}/yank`, values),
        });
        await this.refresh();
    }

    /** @param {any} product @param {any} build */
    async #delete(product, build) {
        const loss = "It goes with its file and all that is said of it here.";
        if (await remove(`build ${build.version}`, build.path, loss)) go(to(`publishing/${product.id}`), { replace: true });
    }

    /** @param {any} build */
    #content(build) {
        const isPublished = build.published_at !== null;
        const fields = isPublished ? NOTES : [...CONTENT, ...NOTES, PERMISSIONS];
        const submit = async (/** @type {any} */ values) => {
            await send("PATCH", build.path, values);
            await this.refresh();
            say("Saved.");
        };
        const byHand = build.marketplace
            ? h("p", { class: "quiet" }, "What is changed here departs from the manifest that the build was made from.")
            : null;
        const fixed = facts([
            ["Version", build.version],
            ["Image", build.container_repository ? copyable(image(build), "image") : null],
            ["Digest", build.container_digest ? copyable(build.container_digest, "digest") : null],
        ]);
        return section("What it is", [
            isPublished ? fixed : byHand,
            form({ key: isPublished ? "notes" : "all", fields, values: build, submit }),
        ]);
    }
}
customElements.define("mkt-publishing-build", PublishingBuild);

/** How far it is, and what that means. @param {any} build */
function standing(build) {
    const said = {
        draft: "Only its owner and those who keep products see it.",
        submitted: ["Submitted ", when(build.submitted_at), `. It waits for a decision${REOPENED}`],
        validated: ["Somebody vouched for it ", when(build.validated_at), `. It waits to be published${REOPENED}`],
        rejected: `Rejected: ${build.rejection} Change it, and submit it again.`,
        published: ["Published ", when(build.published_at), ". What it consists of is fixed; a change takes a new version."],
        yanked: `Withdrawn${build.yank_reason ? `: ${build.yank_reason}` : "."} Those who run it keep it.`,
    }[/** @type {string} */ (build.state)];
    const isBad = build.state === "rejected" || build.state === "yanked";
    return h(
        "p",
        { class: isBad ? "notice warning prose" : "" },
        state(build.state),
        " ",
        h("span", { class: isBad ? "" : "quiet" }, said),
    );
}

/** Where it comes from. @param {any} build */
function origin(build) {
    return section(
        "Origin",
        facts([
            ["Manifest", build.marketplace ? "published from a marketplace.json" : "none: made by hand"],
            ["Signature", signature(build)],
            ["Made", when(build.created_at)],
            ["Changed", when(build.updated_at)],
            ["Id", copyable(build.id, "id")],
        ]),
    );
}
