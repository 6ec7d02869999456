/** Pictures of products: of public ones by their address, of others by way of the token that one has. */

import { SERVER, file } from "../base/api.js";
import { h } from "../base/dom.js";

/** A picture that takes a token: `<mkt-picture path alt>`. */
class Picture extends HTMLElement {
    #life = new AbortController();
    #address = "";

    static observedAttributes = ["path"];

    connectedCallback() {
        this.#show();
    }

    attributeChangedCallback() {
        if (this.isConnected) this.#show();
    }

    disconnectedCallback() {
        this.#life.abort();
        URL.revokeObjectURL(this.#address);
    }

    async #show() {
        this.#life.abort();
        this.#life = new AbortController();
        const { signal } = this.#life;
        try {
            const address = await file(this.getAttribute("path") ?? "", signal);
            if (signal.aborted) return URL.revokeObjectURL(address);
            URL.revokeObjectURL(this.#address);
            this.#address = address;
            const image = new Image();
            image.src = address;
            image.alt = this.getAttribute("alt") ?? "";
            this.replaceChildren(image);
        } catch {
            // A picture that can't be had leaves its place empty.
        }
    }
}
customElements.define("mkt-picture", Picture);

/** Whether everybody sees a product. @param {any} product */
export function isPublic(product) {
    const past = (/** @type {string | null} */ time) => time !== null && new Date(time).getTime() <= Date.now();
    return past(product.published_at) && past(product.visible_at);
}

/**
 * @param {any} product Whose picture it is.
 * @param {string} path Beneath the product's.
 * @param {string} alt What is on it; empty where it only adorns.
 * @param {string} kind Its class.
 */
export function picture(product, path, alt, kind) {
    const whole = `${product.path}/${path}`;
    if (!isPublic(product)) return h("mkt-picture", { key: whole, class: kind, path: whole, alt });
    return h("img", { key: whole, class: kind, src: SERVER + whole, alt, loading: "lazy", decoding: "async" });
}

/** The logo of a product. @param {any} product @param {"small" | "medium" | "large"} [size] */
export function logo(product, size = "small") {
    // The time of the last change is in the address, so that a new logo is not taken for the one before.
    return picture(product, `logo/${size}?at=${new Date(product.updated_at).getTime()}`, "", `logo ${size}`);
}
