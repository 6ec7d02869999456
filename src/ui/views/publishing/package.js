/**
 * Publishing a marketplace.json by dropping it: first what that would do is shown, field by field, and then it is done. Files that
 * the manifest names are dropped with it, or after it; each is sent ahead, by what it consists of.
 */

import { Refusal, send } from "../../base/api.js";
import { h, render } from "../../base/dom.js";
import { to } from "../../base/router.js";
import { upload } from "../../base/upload.js";
import { drop } from "../../parts/drop.js";
import { findings, plan } from "./plan.js";

/** The longest manifest, and the longest file, that are read here, in bytes. */
const MOST = 1024 * 1024;
const MOST_OF_FILE = 256 * 1024 * 1024;

/** @typedef {import("../../base/upload.js").Progress} Progress */

class Package extends HTMLElement {
    /** What is done when something was published. */
    done = () => {};
    /** The manifest as it was dropped. */
    #manifest = "";
    /** As it is sent: with the digests of the files. */
    #text = "";
    /** By their names. @type {Map<string, File>} */
    #files = new Map();
    /** What is named, and neither there nor said what it consists of. @type {string[]} */
    #absent = [];
    /** What publishing would do, or did. @type {any} */
    #outcome = null;
    /** @type {Refusal | null} */
    #refusal = null;
    /** How much of the files was sent, while it is published. @type {number | null} */
    #share = null;

    connectedCallback() {
        this.draw();
    }

    draw() {
        const outcome = this.#outcome;
        const lacking = this.#lacking;
        const isReady = outcome?.dry_run && lacking.length === 0 && !outcome.unchanged;
        const wants = !this.#manifest || lacking.length > 0 || this.#refusal !== null;
        const forget = this.#manifest
            ? h("button", { type: "button", class: "small", disabled: this.#share !== null, onclick: this.#forget }, "Start again")
            : null;
        render(
            this,
            h(
                "section",
                { class: "card" },
                h("header", { class: "heading" }, h("h2", {}, "From a marketplace.json"), h("p", { class: "actions" }, forget)),
                h(
                    "p",
                    { class: "quiet prose" },
                    "Drop the manifest of a build, and with it the files that it names. You see first what publishing would do.",
                ),
                h("div", {}, this.#refusal ? findings(this.#refusal) : null, lacking.length > 0 ? absent(lacking) : null),
                wants
                    ? drop({
                          key: "drop",
                          label: lacking.length > 0 ? "Add the files" : "Choose files",
                          files: lacking.length > 0 ? "them" : "a marketplace.json",
                          multiple: true,
                          take: this.#take,
                      })
                    : null,
                outcome ? plan(outcome) : null,
                isReady ? this.#consent(outcome) : null,
                outcome && !outcome.dry_run
                    ? h(
                          "p",
                          { key: "go", class: "actions" },
                          h(
                              "a",
                              { class: "button primary", href: to(`publishing/${outcome.product.id}`) },
                              `Go to ${outcome.product.name}`,
                          ),
                      )
                    : null,
            ),
        );
    }

    /** The files that have to come yet. */
    get #lacking() {
        const missing = this.#outcome?.dry_run ? this.#outcome.missing.map((/** @type {any} */ one) => one.path) : [];
        return [...this.#absent, ...missing.filter((/** @type {string} */ path) => !this.#files.has(named(path)))];
    }

    /** @param {any} outcome */
    #consent(outcome) {
        const isBusy = this.#share !== null;
        const deed = outcome.published ? "Publish" : outcome.submitted ? "Submit for review" : "Apply";
        return h(
            "p",
            { key: "consent", class: "actions" },
            h("button", { type: "button", class: "primary", disabled: isBusy, onclick: this.#publish }, isBusy ? "One moment…" : deed),
            isBusy ? h("progress", { max: "1", value: String(this.#share), "aria-label": "Files sent" }) : null,
        );
    }

    #forget = () => {
        [this.#manifest, this.#text, this.#absent, this.#outcome, this.#refusal] = ["", "", [], null, null];
        this.#files.clear();
        this.draw();
    };

    /** @type {import("../../parts/drop.js").Take} */
    #take = async (files, progress) => {
        // Nothing is sent yet but the manifest.
        progress(1);
        const json = files.filter(({ name }) => name.endsWith(".json"));
        const manifest = json.find(({ name }) => name === "marketplace.json") ?? (!this.#manifest || this.#refusal ? json[0] : undefined);
        if (!manifest && !this.#manifest) throw new Refusal("There is no marketplace.json among these.", 422);
        if (manifest && manifest.size > MOST) throw new Refusal(`${manifest.name} is too large for a manifest.`, 422);
        if (manifest) {
            this.#forget();
            this.#manifest = await manifest.text();
        }
        for (const file of files) if (file !== manifest) this.#files.set(file.name, file);
        await this.#compare();
    };

    /** Has the marketplace tell what publishing would do. */
    async #compare() {
        [this.#outcome, this.#refusal] = [null, null];
        try {
            await this.#seal();
            if (this.#absent.length === 0) this.#outcome = await this.#ask(true);
        } catch (error) {
            if (!(error instanceof Refusal)) throw error;
            this.#refusal = error;
        }
        this.draw();
    }

    /** Says in the manifest what its files consist of. */
    async #seal() {
        [this.#text, this.#absent] = [this.#manifest, []];
        const manifest = read(this.#manifest);
        const build = manifest?.product?.build;
        const shots = Array.isArray(build?.screenshots) ? build.screenshots.map((/** @type {any} */ shot) => shot?.path) : [];
        const paths = [build?.asset, build?.logo, ...shots].filter((path) => typeof path === "string");
        if (paths.length === 0) return;
        const digests = { ...build.digests };
        for (const path of new Set(paths)) {
            const file = this.#files.get(named(path));
            if (file) {
                const digest = await digestOf(file);
                if (digests[path] && digests[path] !== digest)
                    throw new Refusal(`${path} is not the file that product.build.digests says.`, 422);
                digests[path] = digest;
            } else if (!digests[path]) {
                this.#absent.push(path);
            }
        }
        // Else it stays as it was written, and findings name its lines.
        if (JSON.stringify(digests) !== JSON.stringify(build.digests ?? {})) {
            build.digests = digests;
            this.#text = JSON.stringify(manifest, null, 2);
        }
    }

    /** @param {boolean} isTrial */
    #ask(isTrial) {
        return send("POST", "/packages", new Blob([this.#text], { type: "application/json" }), { query: { dry_run: isTrial } });
    }

    #publish = async () => {
        this.#share = 0;
        this.draw();
        try {
            const { missing } = this.#outcome;
            for (const [index, { path, digest, kind }] of missing.entries()) {
                const file = /** @type {File} */ (this.#files.get(named(path)));
                /** @type {Progress} */
                const progress = (share) => {
                    this.#share = (index + share) / missing.length;
                    this.draw();
                };
                await upload("PUT", `/packages/files/${digest}`, file, { query: { kind }, progress });
            }
            this.#outcome = await this.#ask(false);
            this.done();
        } catch (error) {
            if (!(error instanceof Refusal)) throw error;
            [this.#outcome, this.#refusal] = [null, error];
        } finally {
            this.#share = null;
            this.draw();
        }
    };
}
customElements.define("mkt-package", Package);

/** @param {string[]} paths */
function absent(paths) {
    return h(
        "div",
        { key: "absent", class: "notice warning", role: "status" },
        h("p", {}, "The manifest names these files, which are still to come:"),
        h(
            "ul",
            { class: "bullets" },
            paths.map((path) => h("li", { key: path }, h("code", {}, path))),
        ),
    );
}

/** A file's name without its folders. @param {string} path */
function named(path) {
    return path.slice(path.lastIndexOf("/") + 1);
}

/** The manifest, if it is JSON; what is wrong with it otherwise the marketplace tells. @param {string} text @returns {any} */
function read(text) {
    try {
        return JSON.parse(text);
    } catch {
        return null;
    }
}

/** What a file consists of. @param {File} file */
async function digestOf(file) {
    if (file.size > MOST_OF_FILE) throw new Refusal(`${file.name} is too large to be published from a browser. mkt publish does.`, 413);
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", await file.arrayBuffer()));
    return `sha256:${[...digest].map((byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}
