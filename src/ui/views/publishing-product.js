/** A product, for those who publish it: all of it can be changed here. */

import { all, byId, get, send } from "../base/api.js";
import { h } from "../base/dom.js";
import { go, to } from "../base/router.js";
import { session } from "../base/session.js";
import { View } from "../base/view.js";
import { consent } from "../parts/dialog.js";
import { remove } from "../parts/removal.js";
import { empty, heading, state, trail } from "../parts/small.js";
import { attempt } from "../parts/toast.js";
import { builds } from "./publishing/builds.js";
import { details } from "./publishing/details.js";
import { badges, family, licences } from "./publishing/offers.js";
import { logoOf, screenshots } from "./publishing/pictures.js";
import { mayEdit, mayPublish, standing } from "./publishing/rights.js";

class PublishingProduct extends View {
    get name() {
        return this.data?.product.name ?? "";
    }

    started() {
        this.follow("ProductChannel", { product_id: this.params.product });
        // What is decided of drafts is told to their owners alone.
        this.follow("AccountChannel");
    }

    async load(/** @type {AbortSignal} */ signal) {
        session.require();
        const path = `/products/${this.params.product}`;
        const product = await get(path, undefined, signal);
        if (!mayEdit(product)) return { product };
        const [built, licenses, children, parents, links, logos] = await Promise.all([
            all(`${path}/builds`, { sort: "created_at", order: "descending" }, signal),
            byId(
                "/licenses",
                product.product_licenses.map((/** @type {any} */ offer) => offer.license_id),
                signal,
            ),
            all(`${path}/children`, {}, signal),
            all(`${path}/parents`, {}, signal),
            all("/sub_products", { parent_id: product.id }, signal),
            get(`${path}/logos`, {}, signal),
        ]);
        return { product, builds: built, licenses, children, parents, links, logo: logos.results[0] };
    }

    view(/** @type {any} */ data) {
        const { product } = data;
        const way = trail(["Publishing", to("publishing")]);
        if (!mayEdit(product)) {
            const back = h("a", { class: "button", href: to(`products/${product.id}`) }, "See it in the catalogue");
            return [
                way,
                heading(product.name),
                empty("This is not yours to change", "Its owner and those who keep products change it.", back),
            ];
        }
        const changed = () => this.refresh();
        const [word, meaning] = standing(product);
        return [
            way,
            h(
                "div",
                { key: "head", class: "stack tight" },
                heading(product.name, this.#deeds(product)),
                h("p", {}, state(word), " ", h("span", { class: "quiet" }, meaning)),
            ),
            h(
                "div",
                { key: "columns", class: "columns" },
                h("div", { class: "stack" }, builds(product, data.builds), details(product, changed)),
                h(
                    "aside",
                    { class: "stack", "aria-label": "Pictures and offers" },
                    logoOf(product, data.logo, changed),
                    screenshots(product, changed),
                    licences(product, data.licenses, changed),
                    family(product, data.children, data.parents, data.links, changed),
                    badges(product, changed),
                ),
            ),
        ];
    }

    /** @param {any} product */
    #deeds(product) {
        const publishes = mayPublish("products", product);
        return [
            h("a", { class: "button", href: to(`products/${product.id}`) }, "As others see it"),
            publishes && product.published_at === null
                ? h("button", { type: "button", class: "primary", onclick: () => this.#publish(product) }, "Publish")
                : null,
            publishes && product.published_at !== null
                ? h("button", { type: "button", onclick: () => this.#withdraw(product) }, "Withdraw")
                : null,
            session.may("products", "delete")
                ? h("button", { type: "button", class: "danger", onclick: () => this.#delete(product) }, "Delete")
                : null,
        ];
    }

    /** @param {any} product */
    async #publish(product) {
        await attempt(() => send("POST", `${product.path}/publish`), "The product is published.");
        await this.refresh();
    }

    /** @param {any} product */
    async #withdraw(product) {
        const text = "It is not in the catalogue any more. Those who have a right to it keep that.";
        if (!(await consent("Withdraw the product", text, "Withdraw"))) return;
        await attempt(() => send("POST", `${product.path}/unpublish`), "The product is withdrawn.");
        await this.refresh();
    }

    /** @param {any} product */
    async #delete(product) {
        const loss = "It goes with all its builds, files, pictures and offers. This can’t be taken back.";
        if (await remove(product.name, product.path, loss)) go(to("publishing"), { replace: true });
    }
}
customElements.define("mkt-publishing-product", PublishingProduct);
