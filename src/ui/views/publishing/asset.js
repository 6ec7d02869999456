/** The file of a build, to be downloaded instead of run. */

import { SERVER } from "../../base/api.js";
import { h } from "../../base/dom.js";
import { size } from "../../base/format.js";
import { upload } from "../../base/upload.js";
import { drop } from "../../parts/drop.js";
import { remove } from "../../parts/removal.js";
import { copyable, facts, section } from "../../parts/small.js";
import { say } from "../../parts/toast.js";

/** @param {any} build @param {() => Promise<void>} changed */
export function asset(build, changed) {
    const path = `${build.path}/asset`;
    /** @type {import("../../parts/drop.js").Take} */
    const take = async ([file], progress, signal) => {
        await upload("PUT", path, file, { query: { name: file.name }, progress, signal });
        await changed();
        say(`${file.name} is there.`);
    };
    const loss = `${build.asset_name ?? "It"} can’t be had any more.`;
    const gone = async () => (await remove("file", path, loss, "Remove")) && changed();
    const isOpen = build.published_at === null;
    return section(
        "File to download",
        [
            h("div", {}, build.asset_available ? known(build, path) : h("p", { class: "quiet" }, "None.")),
            isOpen ? drop({ label: build.asset_available ? "Replace" : "Choose a file", files: "a file", take }) : null,
        ],
        build.asset_available && isOpen
            ? h("button", { type: "button", class: "small danger", "aria-label": "Remove the file", onclick: gone }, "Remove")
            : null,
    );
}

/** What is known of it. Everybody may have that of what is published. @param {any} build @param {string} path */
function known(build, path) {
    const name = build.asset_name ?? "asset";
    return facts([
        ["Name", build.published_at ? h("a", { href: `${SERVER}${path}`, download: name }, name) : name],
        ["Size", size(build.asset_size)],
        ["Kind", build.asset_media_type],
        ["SHA-256", copyable(build.asset_sha256, "SHA-256")],
    ]);
}
