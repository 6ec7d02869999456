/** The builds of a product: its versions, and how far each is on its way to the public. */

import { send } from "../../base/api.js";
import { h } from "../../base/dom.js";
import { go, to } from "../../base/router.js";
import { ask } from "../../parts/dialog.js";
import { image } from "../../parts/origin.js";
import { empty, section, state, table, when } from "../../parts/small.js";

/** What a build consists of, which is fixed once it is published. @type {import("../../base/form.js").Field[]} */
export const CONTENT = [
    { name: "version", required: true, placeholder: "1.0.0" },
    {
        name: "container_repository",
        label: "Image",
        placeholder: "registry.example.org/clinic/board",
        help: "The repository of its container image, with the registry’s host.",
    },
    { name: "container_tag", label: "Tag", placeholder: "1.0.0" },
    { name: "container_digest", label: "Digest", placeholder: "sha256:…", help: "What the tag names now; with it, exactly that is run." },
];

/** What may change at any time. @type {import("../../base/form.js").Field[]} */
export const NOTES = [
    { name: "release_notes", kind: "long", help: "What is new in it." },
    { name: "build_version", label: "Build number", help: "That of your build system." },
    { name: "ordinal", label: "Order", kind: "number", help: "Its place among the versions: higher is newer." },
];

/** @param {any} product @param {any[]} rows */
export function builds(product, rows) {
    const create = () =>
        ask("New build", {
            fields: [...CONTENT, NOTES[0]],
            action: "Create",
            submit: async (values) =>
                go(to(`publishing/${product.id}/builds/${(await send("POST", `${product.path}/builds`, values)).id}`)),
        });
    const button = h("button", { type: "button", class: "small primary", onclick: create }, "New build");
    if (rows.length === 0)
        return section("Builds", empty("No builds yet", "A build is a version of the product that can be run or downloaded."), button);
    return section(
        "Builds",
        table(
            "Builds",
            [
                ["Version", (build) => h("a", { href: to(`publishing/${product.id}/builds/${build.id}`) }, build.version)],
                ["State", (build) => [state(build.state), build.rejection ? h("small", { class: "block" }, build.rejection) : null]],
                ["Consists of", (build) => consists(build)],
                ["Made", (build) => when(build.created_at)],
            ],
            rows,
            (build) => build.id,
        ),
        button,
    );
}

/** @param {any} build */
function consists(build) {
    const parts = [image(build), build.asset_name ?? (build.asset_available ? "a file" : "")].filter(Boolean);
    return parts.length > 0 ? parts.join(", ") : h("span", { class: "quiet" }, "nothing yet");
}
