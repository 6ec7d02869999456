/** What a product says of itself. */

import { send } from "../../base/api.js";
import { form } from "../../base/form.js";
import { section } from "../../parts/small.js";
import { say } from "../../parts/toast.js";

/** @type {import("../../base/form.js").Field[]} */
export const FIELDS = [
    { name: "name", required: true },
    { name: "description", kind: "long", help: "What it is and does, for people who choose." },
    {
        name: "mime_type",
        label: "Kind",
        placeholder: "application/smart.v1",
        help: "Its media type, by which the catalogue tells kinds of products apart.",
    },
    { name: "locale", label: "Language", placeholder: "en-US", help: "A language tag." },
    {
        name: "support_url",
        label: "Support",
        kind: "url",
        placeholder: "https://…",
        help: "Where to turn to for help; mailto: and tel: do, too.",
    },
    { name: "uri", label: "Address", help: "What identifies it elsewhere." },
    { name: "external_id", label: "Id in another system" },
    { name: "visible_at", label: "Visible from", kind: "time", help: "Once published it is shown from then on; empty hides it." },
];

/** @param {any} product @param {() => Promise<void>} changed */
export function details(product, changed) {
    const submit = async (/** @type {any} */ values) => {
        await send("PATCH", product.path, values);
        await changed();
        say("Saved.");
    };
    return section("Details", form({ fields: FIELDS, values: product, submit }));
}
