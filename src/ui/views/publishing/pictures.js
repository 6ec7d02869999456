/** The pictures of a product: its logo and its screenshots, by drag and drop or chosen. */

import { Refusal, send } from "../../base/api.js";
import { h } from "../../base/dom.js";
import { upload } from "../../base/upload.js";
import { ask } from "../../parts/dialog.js";
import { drop } from "../../parts/drop.js";
import { logo, picture } from "../../parts/picture.js";
import { remove } from "../../parts/removal.js";
import { section } from "../../parts/small.js";
import { say } from "../../parts/toast.js";

const KINDS = ["image/png", "image/jpeg", "image/gif", "image/webp"];
const ACCEPT = KINDS.join(",");
const MOST_CAPTION = 255;

/** Nothing, if a file may be a picture; what is in it the marketplace looks at. @param {File} file */
function requirePicture(file) {
    if (!KINDS.includes(file.type)) throw new Refusal(`${file.name} is no picture that can be shown. PNG, JPEG, GIF and WebP are.`, 422);
    if (file.size === 0) throw new Refusal(`${file.name} is empty.`, 422);
}

/** Refusals of a picture in words that name the file. @param {File} file @param {() => Promise<unknown>} sending */
async function sent(file, sending) {
    try {
        await sending();
    } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        const reasons = Object.entries(error.errors).map(
            ([field, errors]) => `${field === "caption" ? "its caption " : ""}${errors.join(", ")}`,
        );
        throw new Refusal(`${file.name}: ${reasons.join("; ") || error.message}`, error.status);
    }
}

/** @param {any} product @param {any} stored The logo itself, if it has one. @param {() => Promise<void>} changed */
export function logoOf(product, stored, changed) {
    /** @type {import("../../parts/drop.js").Take} */
    const take = async ([file], progress, signal) => {
        requirePicture(file);
        await sent(file, () => upload("PUT", `${product.path}/logo`, file, { progress, signal }));
        await changed();
        say("The logo is new.");
    };
    const gone = async () => (await remove("logo", stored.path, "A neutral picture takes its place.", "Remove")) && changed();
    return section(
        "Logo",
        h(
            "div",
            { class: "logo-edit" },
            h("div", {}, logo(product, "medium")),
            drop({ label: stored ? "Replace" : "Choose a picture", files: "a picture", accept: ACCEPT, take }),
        ),
        stored ? h("button", { type: "button", class: "small danger", "aria-label": "Remove the logo", onclick: gone }, "Remove") : null,
    );
}

/** @param {any} product @param {() => Promise<void>} changed */
export function screenshots(product, changed) {
    const shots = product.screenshots;
    /** @type {import("../../parts/drop.js").Take} */
    const take = async (files, progress, signal) => {
        files.forEach(requirePicture);
        const taken = new Set(shots.map((/** @type {any} */ shot) => shot.caption));
        try {
            for (const [index, file] of files.entries()) {
                const body = new FormData();
                body.set("screenshot[caption]", free(file.name.replace(/\.[^.]*$/, ""), taken));
                body.set("screenshot[image]", file);
                const part = (/** @type {number} */ share) => progress((index + share) / files.length);
                await sent(file, () => upload("POST", `${product.path}/screenshots`, body, { progress: part, signal }));
            }
        } finally {
            // Those before a refusal are there.
            await changed();
        }
    };
    return section("Screenshots", [
        h(
            "div",
            {},
            shots.length === 0 ? h("p", { class: "quiet" }, "None yet. Pictures help people to choose.") : null,
            shots.length > 0
                ? h(
                      "ul",
                      { class: "shots" },
                      shots.map((/** @type {any} */ shot) => screenshot(product, shot, changed)),
                  )
                : null,
        ),
        drop({ label: "Add pictures", files: "pictures", accept: ACCEPT, multiple: true, take }),
    ]);
}

/** A caption that no other picture has. @param {string} name @param {Set<string>} taken */
function free(name, taken) {
    const wanted = name.trim().slice(0, MOST_CAPTION - 4) || "Screenshot";
    let caption = wanted;
    for (let number = 2; taken.has(caption); number += 1) caption = `${wanted} ${number}`;
    taken.add(caption);
    return caption;
}

/** @param {any} product @param {any} shot @param {() => Promise<void>} changed */
function screenshot(product, shot, changed) {
    const rename = () =>
        ask("Caption", {
            fields: [{ name: "caption", required: true, help: "What the picture shows, also for those who can’t see it." }],
            values: shot,
            submit: async (values) => {
                await send("PATCH", shot.path, values);
                await changed();
            },
        });
    const gone = async () => (await remove(`picture ${shot.caption}`, shot.path, "It is not shown any more.", "Remove")) && changed();
    return h(
        "li",
        { key: shot.id },
        picture(product, `screenshots/${shot.id}/medium`, shot.caption, "shot"),
        h("p", {}, shot.caption),
        h(
            "p",
            { class: "actions" },
            h("button", { type: "button", class: "small", "aria-label": `Caption of ${shot.caption}`, onclick: rename }, "Caption"),
            h("button", { type: "button", class: "small danger", "aria-label": `Remove ${shot.caption}`, onclick: gone }, "Remove"),
        ),
    );
}
