/** Vouchers: codes that become entitlements. */

import { all, send } from "../../base/api.js";
import { h } from "../../base/dom.js";
import { form } from "../../base/form.js";
import { to } from "../../base/router.js";
import { offersById } from "../../parts/offers.js";
import { section, table, when } from "../../parts/small.js";
import { say } from "../../parts/toast.js";

/** @type {import("../account.js").Part<{vouchers: any[], offers: Map<string, import("../../parts/offers.js").Offer>}>} */
export const vouchers = {
    label: "Vouchers",

    async load(me, signal) {
        const vouchers = await all("/vouchers", { redeemed_by: me.id, sort: "redeemed_at", order: "descending" }, signal);
        return {
            vouchers,
            offers: await offersById(
                vouchers.map((one) => one.product_license_id),
                signal,
            ),
        };
    },

    view({ vouchers, offers }, view) {
        const redeem = async (/** @type {Record<string, any>} */ { code }) => {
            const voucher = await send("POST", `/vouchers/${encodeURIComponent(code.trim())}/redeem`, {});
            const offers = await offersById([voucher.product_license_id]);
            await view.refresh();
            say(`You have a right to ${offers.get(voucher.product_license_id)?.product.name ?? "the product"} now.`);
        };
        return [
            section(
                "Redeem a voucher",
                form({
                    fields: [
                        {
                            name: "code",
                            required: true,
                            placeholder: "XXXX-XXXX-XXXX-XXXX",
                            help: "Capital letters or not, with hyphens or without. It makes an entitlement of yours.",
                        },
                    ],
                    action: "Redeem",
                    submit: redeem,
                }),
            ),
            vouchers.length > 0
                ? section(
                      "Redeemed",
                      table(
                          "Vouchers that you redeemed",
                          [
                              ["For", (voucher) => product(offers.get(voucher.product_license_id))],
                              ["Code", (voucher) => h("code", {}, voucher.code)],
                              ["Redeemed", (voucher) => when(voucher.redeemed_at)],
                          ],
                          vouchers,
                          (voucher) => voucher.id,
                      ),
                      h("a", { class: "button", href: to("account/entitlements") }, "Your entitlements"),
                  )
                : null,
        ];
    },
};

/** @param {import("../../parts/offers.js").Offer | undefined} offer */
function product(offer) {
    return offer
        ? [
              h("a", { href: to(`products/${offer.product.id}`) }, offer.product.name),
              h("small", { class: "block" }, offer.license?.name ?? ""),
          ]
        : "A product you can't see";
}
