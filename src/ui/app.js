/** The application: which address shows which view. */

import { h, render } from "./base/dom.js";
import { live } from "./base/live.js";
import { HOME, Router } from "./base/router.js";
import { session } from "./base/session.js";
import { View } from "./base/view.js";
import { frame, paintAsBefore } from "./frame.js";
import { say } from "./parts/toast.js";

/** All addresses. What a view needs is loaded when it is shown first. @type {import("./base/router.js").Route[]} */
const ROUTES = [
    { path: "", tag: "mkt-catalogue", section: "catalogue", load: () => import("./views/catalogue.js") },
    { path: "products/:product", tag: "mkt-product", section: "catalogue", load: () => import("./views/product.js") },
    { path: "products/:product/deploy", tag: "mkt-deploy", section: "catalogue", load: () => import("./views/deploy.js") },
    { path: "platforms", tag: "mkt-platforms", section: "platforms", load: () => import("./views/platforms.js") },
    { path: "platforms/:user/:platform", tag: "mkt-platform", section: "platforms", load: () => import("./views/platform.js") },
    {
        path: "platforms/:user/:platform/instances/:instance",
        tag: "mkt-instance",
        section: "platforms",
        load: () => import("./views/instance.js"),
    },
    { path: "publishing", tag: "mkt-publishing", section: "publishing", load: () => import("./views/publishing.js") },
    {
        path: "publishing/:product",
        tag: "mkt-publishing-product",
        section: "publishing",
        load: () => import("./views/publishing-product.js"),
    },
    {
        path: "publishing/:product/builds/:build",
        tag: "mkt-publishing-build",
        section: "publishing",
        load: () => import("./views/publishing-build.js"),
    },
    { path: "reviews", tag: "mkt-reviews", section: "reviews", load: () => import("./views/reviews.js") },
    { path: "reviews/:product/:build", tag: "mkt-review", section: "reviews", load: () => import("./views/review.js") },
    { path: "account", tag: "mkt-account", section: "account", load: () => import("./views/account.js") },
    { path: "account/:part", tag: "mkt-account", section: "account", load: () => import("./views/account.js") },
    { path: "administration", tag: "mkt-administration", section: "administration", load: () => import("./views/administration.js") },
    { path: "administration/:part", tag: "mkt-administration", section: "administration", load: () => import("./views/administration.js") },
    {
        path: "administration/:part/:id",
        tag: "mkt-administration",
        section: "administration",
        load: () => import("./views/administration.js"),
    },
    { path: "device", tag: "mkt-device", section: "account", load: () => import("./views/device.js") },
    { path: "sign-in", tag: "mkt-sign-in", section: "", load: () => import("./views/sign-in.js") },
];

const router = new Router(ROUTES);

const main = /** @type {HTMLElement} */ (document.getElementById("main"));
/** What is shown, and under which address. @type {View | null} */
let shown = null;
let shownAt = "";
/** The newest address that was asked for: the answer to an older one is not shown any more. */
let asked = 0;

async function show() {
    const mine = (asked += 1);
    const place = router.place();
    frame(place?.route.section ?? "");
    if (!place)
        return render(
            main,
            h("section", { class: "empty" }, h("h1", {}, "There is nothing here"), h("p", {}, h("a", { href: HOME }, "To the catalogue"))),
        );
    const at = JSON.stringify([place.route.path, place.params]);
    if (shown?.isConnected && at === shownAt) {
        await shown.moved(place.params, place.query);
        return;
    }
    try {
        await place.route.load();
    } catch (error) {
        console.error(error);
        if (mine !== asked) return;
        const reload = () => location.reload();
        const help = "The marketplace may have been brought up to date while this page was open, or your connection is gone.";
        const button = h("button", { type: "button", class: "primary", onclick: reload }, "Reload");
        return render(
            main,
            h(
                "section",
                { class: "empty", role: "alert" },
                h("h1", {}, "This page could not be loaded"),
                h("p", {}, help),
                h("p", { class: "actions center" }, button),
            ),
        );
    }
    if (mine !== asked) return;
    const isFirst = shown === null;
    const view = /** @type {View} */ (document.createElement(place.route.tag));
    view.params = place.params;
    view.query = place.query;
    [shown, shownAt] = [view, at];
    main.replaceChildren(view);
    if (isFirst) return;
    scrollTo(0, 0);
    // Readers of screens go on where the new page begins.
    main.focus({ preventScroll: true });
}

async function start() {
    paintAsBefore();
    const wrong = await session.begin();
    let signedIn = session.user?.id;
    session.addEventListener("change", () => {
        frame();
        if (session.user?.id === signedIn) return;
        signedIn = session.user?.id;
        live.restart();
        // What others may see is not what one sees now.
        shown = null;
        show();
    });
    session.addEventListener("end", (event) => say(/** @type {CustomEvent} */ (event).detail));
    live.addEventListener("change", () => frame());
    router.addEventListener("change", show);
    router.start();
    if (wrong) say(wrong, "error");
}

start();
