/** Who decided what of a build, and why. */

import { h } from "../../base/dom.js";
import { state, when } from "../../parts/small.js";

/** Who decided: a person that one may see, or what is known otherwise. @param {any} review @param {Map<string, any>} people */
export function who(review, people) {
    if (review.user_id) return people.get(review.user_id)?.name ?? "somebody";
    return review.verdict === "checked" || review.verdict === "rejected" ? "the marketplace’s check" : "somebody who is gone";
}

/** The latest first. @param {any[]} reviews @param {Map<string, any>} people */
export function history(reviews, people) {
    if (reviews.length === 0) return h("p", { class: "quiet" }, "Nothing was decided yet.");
    return h(
        "ol",
        { class: "history" },
        [...reviews]
            .sort((one, other) => other.created_at.localeCompare(one.created_at) || other.id.localeCompare(one.id))
            .map((review) =>
                h(
                    "li",
                    { key: review.id },
                    h("p", {}, state(review.verdict), " by ", who(review, people), ", ", when(review.created_at)),
                    review.remark ? h("p", { class: "prose quiet" }, review.remark) : null,
                ),
            ),
    );
}
