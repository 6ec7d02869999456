/** Where a build comes from: its image, who signed it, and who made it of what, as its maker tells. */

import { h } from "../base/dom.js";
import { date } from "../base/format.js";
import { copyable } from "./small.js";

/** The name of its image, if it has one. @param {any} build */
export function image(build) {
    return build.container_repository ? `${build.container_repository}${build.container_tag ? `:${build.container_tag}` : ""}` : "";
}

/** By which key it is signed, as far as the marketplace knows. @param {any} build */
export function signature(build) {
    if (!build.signature) return "none";
    const key = build.signed_by;
    if (!key) return "by a key that the marketplace knows no more";
    const chip = h("span", { class: `chip ${key.revoked_at ? "bad" : "good"}` }, key.revoked_at ? "revoked key" : "signed");
    return [chip, ` by the key ${key.name} `, copyable(key.fingerprint, "fingerprint")];
}

/** Who had it in hands, the first first; nothing where its maker does not say. @param {any} build */
export function provenance(build) {
    const chain = build.marketplace?.provenance ?? build.marketplace?.product?.build?.provenance;
    if (!Array.isArray(chain) || chain.length === 0) return null;
    return h(
        "ol",
        { class: "chain" },
        chain.map(({ attribution, datetime, remark }, index) =>
            h(
                "li",
                { key: index },
                h("strong", {}, attribution),
                datetime ? h("span", { class: "quiet" }, ` ${date(datetime)}`) : null,
                h("small", { class: "block" }, remark),
            ),
        ),
    );
}
