/** A build that was submitted, for those who decide on it: what it is, what differs from the public one, and the deeds. */

import { all, byId, find, get, look, send } from "../base/api.js";
import { h } from "../base/dom.js";
import { to } from "../base/router.js";
import { session } from "../base/session.js";
import { View } from "../base/view.js";
import { ask } from "../parts/dialog.js";
import { productFacts } from "../parts/label.js";
import { heading, section, trail } from "../parts/small.js";
import { say } from "../parts/toast.js";
import { history } from "./publishing/history.js";
import { isReady } from "./publishing/rights.js";
import { manifestOf } from "./review/manifest.js";
import { changed, standing, what } from "./review/submission.js";

class Review extends View {
    /** The revision of the build that was read: decisions hold only of that. @type {string | null} */
    #read = null;

    get name() {
        return this.data ? `Review of ${this.data.product.name} ${this.data.build.version}` : "Review";
    }

    started() {
        this.follow("ReviewChannel");
        this.follow("ProductChannel", { product_id: this.params.product });
    }

    async load(/** @type {AbortSignal} */ signal) {
        session.require();
        const of = `/products/${this.params.product}`;
        const path = `${of}/builds/${this.params.build}`;
        const [product, { record: build, revision }] = await Promise.all([get(of, undefined, signal), look(path, signal)]);
        const before = product.latest_build && product.latest_build.id !== build.id ? product.latest_build.id : null;
        const [previous, label, reviews] = await Promise.all([
            before ? find(`${of}/builds/${before}`, signal) : null,
            find(`${path}/label`, signal),
            all(`${path}/reviews`, { sort: "created_at" }, signal),
        ]);
        const people = await byId("/users", [product.user_id, ...reviews.map((/** @type {any} */ review) => review.user_id)], signal);
        this.#read ??= revision;
        return { product, build, revision, previous, label, reviews, people };
    }

    view(/** @type {any} */ data) {
        const { product, build, revision, previous, label, reviews, people } = data;
        const isNew = this.#read !== null && revision !== this.#read;
        return [
            trail(["Reviews", to("reviews")]),
            h(
                "div",
                { key: "head", class: "stack tight" },
                heading(`${product.name} ${build.version}`, isNew ? null : this.#deeds(data)),
                standing(data),
            ),
            isNew ? this.#renewed() : null,
            h(
                "div",
                { key: "columns", class: "columns" },
                h(
                    "div",
                    { class: "stack" },
                    what(product, build, people),
                    build.release_notes ? section("Release notes", h("p", { class: "prose" }, build.release_notes)) : null,
                    changed(product, build, previous),
                    section(
                        "Manifest",
                        build.marketplace
                            ? manifestOf(build.marketplace)
                            : h("p", { class: "quiet" }, "There is none: the build was made by hand."),
                    ),
                ),
                h(
                    "aside",
                    { class: "stack", "aria-label": "History and facts" },
                    section("History", history(reviews, people)),
                    label ? productFacts(label) : null,
                ),
            ),
        ];
    }

    /** It is not what was read any more: nobody decides on what they have not seen. */
    #renewed() {
        const go = () => {
            this.#read = this.data.revision;
            this.draw();
        };
        return h(
            "div",
            { key: "renewed", class: "notice warning stack tight", role: "alert" },
            h("p", {}, "This build has changed since you opened it. What you see is how it is now."),
            h("p", { class: "actions" }, h("button", { type: "button", onclick: go }, "I have looked at it again")),
        );
    }

    /** @param {any} data */
    #deeds({ product, build, reviews }) {
        const [validates, publishes] = [session.may("builds", "validate"), session.may("builds", "publish")];
        const isReadyToGo = publishes && isReady(build);
        const submitter = reviews.findLast((/** @type {any} */ review) => review.verdict === "submitted")?.user_id;
        // Where builds are reviewed, nobody vouches for what they handed in themselves.
        const vouches = validates && !build.validated_at && !(session.rules.review && submitter === session.user?.id);
        // Drafts are their publishers' own.
        if (build.published_at !== null || build.submitted_at === null) return null;
        return [
            isReadyToGo ? h("button", { type: "button", class: "primary", onclick: () => this.#publish(product, build) }, "Publish") : null,
            vouches
                ? h("button", { type: "button", class: isReadyToGo ? "" : "primary", onclick: () => this.#validate(build) }, "Validate")
                : null,
            validates || publishes ? h("button", { type: "button", class: "danger", onclick: () => this.#reject(build) }, "Reject") : null,
        ];
    }

    /**
     * Decides, if the build is still what was read. A refusal is shown where it is asked.
     * @param {any} build @param {string} deed @param {string} done @param {any} [body]
     */
    async #decide(build, deed, done, body) {
        const revision = this.#read ?? "*";
        try {
            await send("POST", `${build.path}/${deed}`, body, { headers: { "if-match": revision } });
            // What one did oneself one knows.
            this.#read = null;
            say(done);
        } finally {
            this.refreshSoon();
        }
    }

    /** @param {any} build */
    #validate(build) {
        return ask(`Validate build ${build.version}`, {
            intro: h("p", {}, "You vouch for it as it is shown here."),
            fields: [],
            action: "Validate",
            submit: () => this.#decide(build, "validate", "You vouched for it."),
        });
    }

    /** @param {any} build */
    #reject(build) {
        return ask(`Reject build ${build.version}`, {
            intro: h("p", {}, "It can be changed, and submitted again."),
            fields: [{ name: "reason", kind: "long", required: true, help: "Its publisher reads this." }],
            action: "Reject",
            submit: (values) => this.#decide(build, "reject", "It is rejected.", values),
        });
    }

    /** @param {any} product @param {any} build */
    #publish(product, build) {
        const isHidden = product.published_at === null && session.may("products", "publish");
        return ask(`Publish build ${build.version}`, {
            intro: h("p", {}, "What it consists of is fixed from then on."),
            fields: isHidden
                ? [{ name: "product", label: "Publish the product, too", kind: "boolean", help: "Else nobody sees the build yet." }]
                : [],
            values: { product: true },
            action: "Publish",
            submit: async ({ product: too }) => {
                await this.#decide(build, "publish", "It is published.");
                if (too) await send("POST", `${product.path}/publish`);
            },
        });
    }
}
customElements.define("mkt-review", Review);
