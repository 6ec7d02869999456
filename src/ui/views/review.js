/** A build that was submitted, for those who decide on it: what it is, what differs from the public one, and the deeds. */

import { all, byId, find, get, look, send } from "../base/api.js";
import { h } from "../base/dom.js";
import { several, size } from "../base/format.js";
import { to } from "../base/router.js";
import { session } from "../base/session.js";
import { View } from "../base/view.js";
import { changes } from "../parts/changes.js";
import { ask } from "../parts/dialog.js";
import { productFacts } from "../parts/label.js";
import { copyable, facts, heading, section, state, trail, when } from "../parts/small.js";
import { say } from "../parts/toast.js";
import { history, who } from "./publishing/history.js";
import { image } from "./publishing/rights.js";
import { MOST, differences } from "./review/compare.js";
import { manifestOf } from "./review/manifest.js";

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
            all(`${path}/reviews`, {}, signal),
        ]);
        const people = await byId("/users", [product.user_id, ...reviews.map((/** @type {any} */ review) => review.user_id)], signal);
        this.#read ??= revision;
        return { product, build, revision, previous, label, reviews, people };
    }

    view(/** @type {any} */ data) {
        const { product, build, revision, previous, label, reviews, people } = data;
        const isNew = revision !== this.#read;
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
                    changed(build, previous),
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
    #deeds({ product, build }) {
        const [validates, publishes] = [session.may("builds", "validate"), session.may("builds", "publish")];
        // Drafts are their publishers' own.
        if (build.published_at !== null || build.submitted_at === null) return null;
        return [
            publishes ? h("button", { type: "button", class: "primary", onclick: () => this.#publish(product, build) }, "Publish") : null,
            validates && !build.validated_at
                ? h("button", { type: "button", class: publishes ? "" : "primary", onclick: () => this.#validate(build) }, "Validate")
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

/** Where it stands. @param {any} data */
function standing({ build, reviews, people }) {
    const submission = reviews.findLast((/** @type {any} */ review) => review.verdict === "submitted");
    const by = submission && build.submitted_at ? ["Submitted by ", who(submission, people), ", ", when(build.submitted_at), ". "] : null;
    const rest = {
        draft: "It is a draft: its publisher may be changing it.",
        rejected: `Rejected: ${build.rejection}`,
        published: ["Published ", when(build.published_at), "."],
        yanked: `Withdrawn${build.yank_reason ? `: ${build.yank_reason}` : "."}`,
        validated: ["Somebody vouched for it ", when(build.validated_at), "."],
        submitted: null,
    }[/** @type {string} */ (build.state)];
    return h(
        "p",
        {},
        state(build.state),
        " ",
        build.checked_at ? h("span", { class: "chip good" }, "passed the check") : null,
        " ",
        h("span", { class: "quiet" }, by, rest),
    );
}

/** @param {any} product @param {any} build @param {Map<string, any>} people */
function what(product, build, people) {
    const key = build.signed_by;
    const signature = !build.signature
        ? "none"
        : key
          ? [
              h("span", { class: `chip ${key.revoked_at ? "bad" : "good"}` }, key.revoked_at ? "revoked key" : "signed"),
              ` by the key ${key.name} `,
              copyable(key.fingerprint, "fingerprint"),
          ]
          : "by a key that the marketplace knows no more";
    const asset = build.asset_available && [
        build.asset_name ?? "a file",
        h("small", {}, ` ${size(build.asset_size)} `),
        copyable(build.asset_sha256, "SHA-256"),
    ];
    return section(
        "What it is",
        facts([
            ["Product", h("a", { href: to(`products/${product.id}`) }, product.name)],
            ["Owner", people.get(product.user_id)?.name],
            ["Description", product.description ? h("p", { class: "prose" }, product.description) : null],
            ["Kind", product.mime_type],
            ["Image", build.container_repository ? copyable(image(build), "image") : "none"],
            [
                "Digest",
                build.container_repository
                    ? (build.container_digest ? copyable(build.container_digest, "digest") : "none: what the tag names may change")
                    : null,
            ],
            ["File", asset],
            ["Signature", signature],
            [
                "Permissions",
                Object.keys(build.permissions ?? {}).length > 0
                    ? h("pre", { tabindex: "0" }, JSON.stringify(build.permissions, null, 2))
                    : null,
            ],
        ]),
    );
}

/** What differs from the build that is public. @param {any} build @param {any} previous */
function changed(build, previous) {
    if (!previous) return section("What is new", h("p", { class: "quiet" }, "No other build of this product is public: all of it is new."));
    const side = (/** @type {any} */ one) => ({
        version: one.version,
        image: image(one) || null,
        digest: one.container_digest,
        file: one.asset_sha256,
        permissions: one.permissions,
        manifest: one.marketplace,
    });
    const found = differences(side(previous), side(build));
    const title = `What differs from ${previous.version}, which is public`;
    if (found.length === 0) return section(title, h("p", { class: "quiet" }, "Nothing."));
    const count = found.length >= MOST ? `The first ${MOST} differences` : several(found.length, "difference");
    return section(title, [h("p", { class: "quiet" }, `${count}.`), changes(found)]);
}
