/** A product: what it is, its facts, its builds, what it needs and offers, and where it belongs. */

import { SERVER, all, byId, find, get } from "../base/api.js";
import { h } from "../base/dom.js";
import { date, several, size } from "../base/format.js";
import { to } from "../base/router.js";
import { session } from "../base/session.js";
import { View } from "../base/view.js";
import { dialog } from "../parts/dialog.js";
import { graph } from "../parts/graph.js";
import { productFacts } from "../parts/label.js";
import { image, provenance, signature } from "../parts/origin.js";
import { isPublic, logo, picture } from "../parts/picture.js";
import { copyable, empty, facts, section, state, when } from "../parts/small.js";

/** How many builds are shown before one asks for more. */
const FEW = 5;

class Product extends View {
    /** Whether all builds are shown. */
    #unfolded = false;

    get name() {
        return this.data?.product.name ?? "";
    }

    started() {
        this.follow("ProductChannel", { product_id: this.params.product });
    }

    async load(/** @type {AbortSignal} */ signal) {
        const path = `/products/${this.params.product}`;
        const product = await get(path, undefined, signal);
        const [builds, licenses, children, parents] = await Promise.all([
            all(`${path}/builds`, { sort: "created_at", order: "descending" }, signal),
            byId(
                "/licenses",
                product.product_licenses.map((/** @type {any} */ offer) => offer.license_id),
                signal,
            ),
            get(`${path}/children`, { per_page: 50 }, signal),
            get(`${path}/parents`, { per_page: 50 }, signal),
        ]);
        const latest = builds.find((build) => build.id === product.latest_build?.id) ?? builds[0] ?? null;
        const [label, relations] = latest
            ? await Promise.all([find(`${latest.path}/label`, signal), this.#relations(latest, signal)])
            : [null, null];
        return { product, builds, licenses, children: children.results, parents: parents.results, latest, label, relations };
    }

    /** What a build needs and offers. @param {any} build @param {AbortSignal} signal */
    async #relations(build, signal) {
        const [needs, offers] = await Promise.all([
            all(`${build.path}/dependencies`, {}, signal),
            all(`${build.path}/exposures`, {}, signal),
        ]);
        const [interfaces, products] = await Promise.all([
            byId(
                "/interfaces",
                [...needs, ...offers].map((one) => one.interface_id),
                signal,
            ),
            byId(
                "/products",
                needs.map((one) => one.dependency_product_id),
                signal,
            ),
        ]);
        const isOf = (/** @type {any} */ one) => interfaces.get(one.interface_id);
        return {
            needs: needs.map((one) => {
                const product = products.get(one.dependency_product_id);
                const kind = one.required ? "required" : "optional";
                if (one.dependency_product_id)
                    return {
                        name: product?.name ?? "A product you can't see",
                        kind: "the product",
                        note: kind,
                        href: product && to(`products/${product.id}`),
                    };
                return { name: isOf(one)?.name ?? "Unknown", kind: "the interface", note: `${isOf(one)?.version ?? ""} · ${kind}` };
            }),
            offers: offers.map((one) => ({ name: isOf(one)?.name ?? "Unknown", kind: "the interface", note: isOf(one)?.version })),
        };
    }

    view(/** @type {any} */ data) {
        const { product, latest, label, relations, children, parents } = data;
        return [
            h(
                "header",
                { class: "product-head" },
                logo(product, "medium"),
                h(
                    "div",
                    { class: "stack" },
                    h("h1", { tabindex: "-1" }, product.name),
                    h(
                        "p",
                        { class: "chips" },
                        isPublic(product) ? null : h("span", { key: "draft", class: "chip busy" }, "not public"),
                        product.badges.map((/** @type {any} */ badge) =>
                            h("span", { key: badge.id, class: "chip good", title: badge.description }, badge.name),
                        ),
                        product.mime_type ? h("span", { key: "kind", class: "chip" }, product.mime_type) : null,
                        latest ? h("span", { key: "version", class: "chip accent" }, latest.version) : null,
                    ),
                    h(
                        "p",
                        { class: "actions" },
                        latest && session.isSignedIn
                            ? h("a", { class: "button primary", href: to(`products/${product.id}/deploy`) }, "Deploy to…")
                            : null,
                        product.support_url
                            ? h("a", { class: "button", href: product.support_url, rel: "noopener noreferrer" }, "Support")
                            : null,
                        this.#isOwn(product) ? h("a", { class: "button", href: to(`publishing/${product.id}`) }, "Edit") : null,
                    ),
                ),
            ),
            h(
                "div",
                { class: "columns" },
                h(
                    "div",
                    { class: "stack" },
                    product.description ? h("p", { class: "prose" }, product.description) : null,
                    gallery(product),
                    this.#builds(data),
                    relations && (relations.needs.length > 0 || relations.offers.length > 0)
                        ? section("Needs and offers", graph(product.name, relations.needs, relations.offers))
                        : null,
                    family(parents, children),
                ),
                h("aside", { class: "stack", "aria-label": "Facts" }, label ? productFacts(label) : null, licences(data), details(product)),
            ),
        ];
    }

    /** @param {any} product */
    #isOwn(product) {
        return session.user !== null && (product.user_id === session.user.id || session.may("products", "update"));
    }

    /** @param {any} data */
    #builds({ product, builds, latest }) {
        if (builds.length === 0) return section("Builds", empty("No builds", "Nothing of this product can be had yet."));
        const shown = this.#unfolded ? builds : builds.slice(0, FEW);
        const more = () => {
            this.#unfolded = true;
            this.draw();
        };
        return section("Builds", [
            h(
                "div",
                { class: "builds" },
                shown.map((/** @type {any} */ one) => build(product, one, one === latest)),
            ),
            shown.length < builds.length
                ? h("p", {}, h("button", { type: "button", onclick: more }, `Show ${several(builds.length - shown.length, "older build")}`))
                : null,
        ]);
    }
}
customElements.define("mkt-product", Product);

/** @param {any} product @param {any} build @param {boolean} isLatest */
function build(product, build, isLatest) {
    const standing = build.yanked_at ? "yanked" : build.published_at ? "published" : build.state;
    return h(
        "details",
        { key: build.id, class: "build", open: isLatest },
        h(
            "summary",
            {},
            h("strong", {}, build.version),
            standing === "published" ? null : state(standing),
            h("span", { class: "quiet" }, date(build.published_at ?? build.created_at)),
        ),
        build.yank_reason ? h("p", { class: "notice warning" }, `Withdrawn: ${build.yank_reason}`) : null,
        build.release_notes ? h("p", { class: "prose" }, build.release_notes) : null,
        facts([
            ["Published", build.published_at ? when(build.published_at) : null],
            ["Image", image(build) ? copyable(image(build), "image") : null],
            ["Digest", build.container_digest ? copyable(build.container_digest, "digest") : null],
            ["File", build.asset_available ? asset(build) : null],
            ["Signature", signature(build)],
            ["Provenance", provenance(build)],
        ]),
        product.latest_build?.id === build.id
            ? null
            : h(
                  "p",
                  { class: "actions" },
                  h("a", { class: "button small", href: to(`products/${product.id}/deploy`, { build: build.id }) }, "Deploy this build"),
              ),
    );
}

/** @param {any} build */
function asset(build) {
    const name = build.asset_name ?? "asset";
    return [
        h("a", { href: `${SERVER}${build.path}/asset`, download: name }, name),
        build.asset_size ? h("small", {}, ` ${size(build.asset_size)}`) : null,
    ];
}

/** @param {any} product */
function gallery(product) {
    if (product.screenshots.length === 0) return null;
    const open = (/** @type {any} */ shot) =>
        dialog(shot.caption, () => picture(product, `screenshots/${shot.id}/image`, shot.caption, "whole"));
    return h(
        "ul",
        { class: "gallery", "aria-label": "Screenshots" },
        product.screenshots.map((/** @type {any} */ shot) =>
            h(
                "li",
                { key: shot.id },
                h(
                    "button",
                    { type: "button", "aria-label": `Show ${shot.caption}`, onclick: () => open(shot) },
                    picture(product, `screenshots/${shot.id}/medium`, "", "shot"),
                ),
                h("p", { class: "quiet" }, shot.caption),
            ),
        ),
    );
}

/** @param {any[]} parents @param {any[]} children */
function family(parents, children) {
    if (parents.length + children.length === 0) return null;
    const list = (/** @type {any[]} */ products) =>
        h(
            "ul",
            {},
            products.map((one) => h("li", { key: one.id }, h("a", { href: to(`products/${one.id}`) }, one.name))),
        );
    return section(
        "Family",
        facts([
            ["Part of", parents.length > 0 ? list(parents) : null],
            ["Comes with", children.length > 0 ? list(children) : null],
        ]),
    );
}

/** @param {any} data */
function licences({ product, licenses }) {
    if (product.product_licenses.length === 0) return null;
    const offered = product.product_licenses.map((/** @type {any} */ offer) => licenses.get(offer.license_id)).filter(Boolean);
    const terms = (/** @type {any} */ license) =>
        [
            license.expiry === "relative_date" && license.days_valid ? `valid for ${several(license.days_valid, "day")}` : null,
            license.expiry === "absolute_date" && license.expires_at ? `valid until ${date(license.expires_at)}` : null,
            license.uses ? several(license.uses, "use") : null,
            license.seats ? several(license.seats, "seat") : null,
        ]
            .filter(Boolean)
            .join(", ");
    return section(
        "Licences",
        h(
            "ul",
            { class: "stack" },
            offered.map((/** @type {any} */ license) =>
                h(
                    "li",
                    { key: license.id },
                    h("a", { href: license.url, rel: "noopener noreferrer" }, license.name),
                    h("small", { class: "block" }, terms(license) || "without end"),
                ),
            ),
        ),
    );
}

/** @param {any} product */
function details(product) {
    return section(
        "Details",
        facts([
            ["Published", when(product.published_at)],
            ["Changed", when(product.updated_at)],
            ["Language", product.locale],
            ["Address", product.uri ? h("a", { href: product.uri, rel: "noopener noreferrer" }, product.uri) : null],
            ["Id", copyable(product.id, "id")],
        ]),
    );
}
