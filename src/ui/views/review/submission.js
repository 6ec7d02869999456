/** What was submitted: where it stands, what it is, and what differs from the build that is public. */

import { h } from "../../base/dom.js";
import { several, size } from "../../base/format.js";
import { to } from "../../base/router.js";
import { changes } from "../../parts/changes.js";
import { image, provenance, signature } from "../../parts/origin.js";
import { copyable, facts, section, state, when } from "../../parts/small.js";
import { who } from "../publishing/history.js";
import { MOST, differences } from "./compare.js";

/** What is said of an image without a digest. */
const UNPINNED = "none: what the tag names may change";

/** Where it stands. @param {any} data */
export function standing({ build, reviews, people }) {
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
export function what(product, build, people) {
    const asset = build.asset_available && [
        build.asset_name ?? "a file",
        h("small", {}, ` ${size(build.asset_size)} `),
        copyable(build.asset_sha256, "SHA-256"),
    ];
    const asks = Object.keys(build.permissions ?? {}).length > 0;
    return section(
        "What it is",
        facts([
            ["Product", h("a", { href: to(`products/${product.id}`) }, product.name)],
            ["Owner", people.get(product.user_id)?.name],
            ["Description", product.description ? h("p", { class: "prose" }, product.description) : null],
            ["Kind", product.mime_type],
            ["Image", build.container_repository ? copyable(image(build), "image") : "none"],
            ["Digest", build.container_digest ? copyable(build.container_digest, "digest") : build.container_repository && UNPINNED],
            ["File", asset],
            ["Signature", signature(build)],
            ["Provenance", provenance(build)],
            ["Permissions", asks ? h("pre", { tabindex: "0" }, JSON.stringify(build.permissions, null, 2)) : null],
        ]),
    );
}

/** What differs from the build that is public. @param {any} product @param {any} build @param {any} previous */
export function changed(product, build, previous) {
    if (product.latest_build?.id === build.id) return section("What is new", h("p", { class: "quiet" }, "This build is the public one."));
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
