/** The page of one record: what all of them have at their head. */

import { get } from "../../base/api.js";
import { h } from "../../base/dom.js";
import { go } from "../../base/router.js";
import { View } from "../../base/view.js";
import { heading, trail } from "../../parts/small.js";
import { address, deeds, followKind } from "./records.js";

export class Page extends View {
    /** @type {import("./records.js").Kind} */
    kind = /** @type {any} */ (null);

    started() {
        followKind(this, this.kind);
    }

    get name() {
        return this.data ? this.kind.called(this.data.row) : "";
    }

    /** Where the API has it. */
    get path() {
        return `${this.kind.path}/${encodeURIComponent(this.params.id)}`;
    }

    /** @param {AbortSignal} signal @returns {Promise<any>} */
    row(signal) {
        return get(this.path, undefined, signal);
    }

    /**
     * The way back, the name, and what can be done.
     * @param {any} row @param {...import("../../base/dom.js").Child} marks Beside the name.
     */
    head(row, ...marks) {
        const again = () => this.refresh();
        const gone = () => go(address(this.kind), { replace: true });
        return [
            trail([this.kind.title, address(this.kind)]),
            heading(
                [this.name, marks.map((mark, index) => h("span", { key: index, class: "mark" }, mark))],
                deeds(this.kind, row, again, gone, ""),
            ),
        ];
    }
}
