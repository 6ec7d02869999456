/** Vouchers: codes that are redeemed for entitlements. */

import { h } from "../../base/dom.js";
import { count, date, several } from "../../base/format.js";
import { to } from "../../base/router.js";
import { dialog } from "../../parts/dialog.js";
import { offered } from "../../parts/offers.js";
import { copyable, when } from "../../parts/small.js";
import { say } from "../../parts/toast.js";
import { finder, knower, named } from "./names.js";
import { findOffers, knownOffer, offersAndUsers } from "./offers.js";
import { list } from "./records.js";

/** Whether a voucher can be redeemed, and who did. @param {any} voucher @param {Map<string, any>} users */
function standing(voucher, users) {
    if (voucher.redeemed_at) {
        const entitlement = h(
            "a",
            { href: to(`administration/entitlements/${voucher.entitlement_id}`), "aria-label": `Entitlement by ${voucher.code}` },
            "Entitlement",
        );
        return [
            h("span", { class: "chip" }, "redeemed"),
            h(
                "small",
                { class: "block" },
                when(voucher.redeemed_at),
                voucher.redeemed_by ? [" by ", named("users", voucher.redeemed_by, users)] : null,
            ),
            voucher.entitlement_id ? h("small", { class: "block" }, entitlement) : null,
        ];
    }
    const isOver = voucher.expires_at && new Date(voucher.expires_at).getTime() <= Date.now();
    return isOver ? h("span", { class: "chip bad" }, "expired") : h("span", { class: "chip good" }, "open");
}

/** Shows codes that were just made, to be handed out. @param {any[]} vouchers */
function show(vouchers) {
    const codes = vouchers.map(({ code }) => code).join("\n");
    const copy = async () => {
        try {
            await navigator.clipboard.writeText(codes);
            say("Copied.");
        } catch {
            say("This browser does not let pages copy. Select the codes and copy them yourself.", "error");
        }
    };
    const expires = vouchers[0].expires_at;
    return dialog(`${several(vouchers.length, "voucher")} made`, (close) => [
        h("p", {}, `Each can be redeemed once${expires ? `, until ${date(expires)}` : ""}. They stay in the list of vouchers.`),
        h("label", { for: "codes", class: "hidden" }, "Codes"),
        h("textarea", { id: "codes", class: "code", readonly: true, rows: String(Math.min(12, vouchers.length)), value: codes }),
        h(
            "p",
            { class: "actions" },
            h(
                "button",
                { type: "button", class: "primary", onclick: copy },
                vouchers.length === 1 ? "Copy the code" : `Copy ${count(vouchers.length)} codes`,
            ),
            h("button", { type: "button", onclick: close }, "Done"),
        ),
    ]);
}

list("mkt-admin-vouchers", {
    part: "vouchers",
    title: "Vouchers",
    one: "voucher",
    path: "/vouchers",
    resource: "vouchers",
    told: ["voucher"],
    lead: "Codes that people redeem for an entitlement to a product, each once.",
    filters: [
        { name: "code", label: "Code" },
        { name: "product_license_id", label: "Product", find: findOffers, known: knownOffer },
        { name: "redeemed_by", label: "Redeemed by", find: finder("users"), known: knower("users") },
    ],
    sorts: [
        ["-created_at", "Newest"],
        ["-redeemed_at", "Redeemed last"],
        ["expires_at", "Expires first"],
        ["-issued_at", "Issued last"],
        ["code", "Code"],
    ],
    relate: (rows, signal) => offersAndUsers(rows, "redeemed_by", signal),
    columns: [
        ["Code", (voucher) => copyable(voucher.code, `code ${voucher.code}`)],
        ["Product", (voucher, { offers }) => offered(offers.get(voucher.product_license_id))],
        ["State", (voucher, { users }) => standing(voucher, users)],
        ["Expires", (voucher) => (voucher.expires_at ? date(voucher.expires_at) : "never")],
    ],
    fields: (row) => [
        ...(row
            ? []
            : /** @type {import("../../base/form.js").Field[]} */ ([
                  {
                      name: "product_license_id",
                      label: "Product and licence",
                      kind: "pick",
                      required: true,
                      find: findOffers,
                      placeholder: "Part of the product's name",
                  },
                  {
                      name: "count",
                      label: "How many",
                      kind: "number",
                      required: true,
                      help: "From 1 to 1000, all alike but for their codes.",
                  },
              ])),
        {
            name: "issued_at",
            label: "Issued",
            kind: "time",
            required: row !== null,
            help: row ? undefined : "Now, where it is left empty.",
        },
        { name: "expires_at", label: "Can be redeemed until", kind: "time", help: "Without end, where it is left empty." },
    ],
    prepare: (values) => ({ ...values, ...(values.issued_at ? {} : { issued_at: undefined }) }),
    called: (voucher) => voucher.code,
    loses: "Who holds the code can't redeem it any more. An entitlement that it was redeemed for stays.",
    made: (made) => show(made.results ?? [made]),
});
