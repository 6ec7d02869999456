/** Claims: who uses which entitlements, of all of them. */

import { byId } from "../../base/api.js";
import { h } from "../../base/dom.js";
import { to } from "../../base/router.js";
import { offered, offersById } from "../../parts/offers.js";
import { CLAIM, CLAIM_LOSES } from "./entitlements.js";
import { findParties, knownParty, partiesById } from "./names.js";
import { list } from "./records.js";

list("mkt-admin-claims", {
    part: "claims",
    title: "Claims",
    one: "claim",
    path: "/claims",
    resource: "claims",
    told: ["claim", "entitlement", "attempt"],
    lead: "Who uses entitlements, users and groups, and how often they were authorized. A claim is made at its entitlement.",
    filters: [
        { name: "claimant_id", label: "Claimant", find: findParties, known: knownParty },
        {
            name: "claimant_type",
            label: "Kind",
            choices: [
                ["User", "Users"],
                ["Group", "Groups"],
            ],
        },
    ],
    sorts: [
        ["-created_at", "Newest"],
        ["-authorized_at", "Authorized last"],
        ["-authorization_count", "Authorized most"],
    ],
    async relate(claims, signal) {
        const [parties, entitlements] = await Promise.all([
            partiesById(
                claims.map((claim) => ({ type: claim.claimant_type, id: claim.claimant_id })),
                signal,
            ),
            byId(
                "/entitlements",
                claims.map((claim) => claim.entitlement_id),
                signal,
            ),
        ]);
        return {
            parties,
            entitlements,
            offers: await offersById(
                [...entitlements.values()].map((one) => one.product_license_id),
                signal,
            ),
        };
    },
    columns: [
        [CLAIM[0][0], (claim, { parties }) => CLAIM[0][1](claim, parties)],
        ["Product", (claim, { entitlements, offers }) => offered(offers.get(entitlements.get(claim.entitlement_id)?.product_license_id))],
        ...CLAIM.slice(1).map(
            ([name, cell]) =>
                /** @type {[string, (claim: any, related: any) => import("../../base/dom.js").Child]} */ ([
                    name,
                    (claim, { parties }) => cell(claim, parties),
                ]),
        ),
        [
            "Entitlement",
            (claim) =>
                h("a", { href: to(`administration/entitlements/${claim.entitlement_id}`), "aria-label": "See its entitlement" }, "See"),
        ],
    ],
    called: (claim) => `for a ${claim.claimant_type.toLowerCase()}`,
    loses: CLAIM_LOSES,
});
