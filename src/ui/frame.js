/** The frame around all views: where one can go, who one is, whether what is shown is live, and how it is painted. */

import { SERVER } from "./base/api.js";
import { h, render } from "./base/dom.js";
import { live } from "./base/live.js";
import { HOME, to } from "./base/router.js";
import { session } from "./base/session.js";
import { seen } from "./views/administration/parts.js";

/** What the browser remembers of how the application is to look. */
const THEME = "mkt.theme";
/** What is said of the connection. */
const STATES = { live: "Live", connecting: "Connecting", off: null };

/** The part in which one is. */
let section = "";

/** Draws it, for a part of the application, or for none; unless told, for that of before. @param {string} [current] */
export function frame(current = section) {
    section = current;
    fill("bar", h("div", {}, brand(), navigation(), h("div", { class: "end" }, connection(), paint(), way())));
    fill("foot", h("div", {}, foot()));
}

/** @param {string} id @param {import("./base/dom.js").Child} content */
function fill(id, content) {
    render(/** @type {HTMLElement} */ (document.getElementById(id)), content);
}

function brand() {
    const mark = h(
        "svg",
        { viewBox: "0 0 32 32", "aria-hidden": "true" },
        h("rect", { width: "32", height: "32", rx: "7", fill: "currentColor" }),
        h("path", { d: "M7 22V11l4.500 6.500L16 11l4.500 6.500L25 11v11", class: "mark" }),
    );
    return h("a", { class: "brand", href: HOME }, mark, document.documentElement.dataset.title ?? "Marketplace");
}

/** Where one can go, of what one may. */
function sections() {
    const { may, isSignedIn } = { may: session.may.bind(session), isSignedIn: session.isSignedIn };
    return [
        { name: "catalogue", label: "Catalogue", href: HOME, offered: true },
        { name: "platforms", label: "Platforms", href: to("platforms"), offered: isSignedIn },
        { name: "publishing", label: "Publishing", href: to("publishing"), offered: isSignedIn },
        {
            name: "reviews",
            label: "Reviews",
            href: to("reviews"),
            offered: may("reviews", "read") || may("builds", "validate") || may("builds", "publish"),
        },
        { name: "administration", label: "Administration", href: to("administration"), offered: seen().length > 0 },
        { name: "account", label: "Account", href: to("account"), offered: isSignedIn },
    ].filter((section) => section.offered);
}

function navigation() {
    const entries = sections().map(({ name, label, href }) =>
        h("li", { key: name }, h("a", { href, "aria-current": name === section ? "page" : undefined }, label)),
    );
    return h("nav", { "aria-label": "Main" }, h("ul", {}, entries));
}

function connection() {
    const said = STATES[live.state];
    return h("span", { class: `link-state ${live.state}`, role: "status" }, said && h("span", {}, said));
}

/** The way in, or out. */
function way() {
    if (session.isSignedIn) return h("button", { type: "button", class: "small", onclick: () => session.signOut() }, "Sign out");
    const after = location.pathname.slice(HOME.length) + location.search;
    return h("a", { class: "button small primary", href: to("sign-in", { after }) }, "Sign in");
}

/** A button for the other colours. */
function paint() {
    const theme = document.documentElement.dataset.theme;
    const isDark = theme ? theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    const [other, name, sign] = isDark ? ["light", "Use light colours", "☀"] : ["dark", "Use dark colours", "☾"];
    const change = () => {
        document.documentElement.dataset.theme = other;
        localStorage.setItem(THEME, other);
        frame();
    };
    return h("button", { type: "button", class: "icon", "aria-label": name, onclick: change }, sign);
}

/** Takes the colours that were chosen before. */
export function paintAsBefore() {
    const theme = localStorage.getItem(THEME);
    if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
}

function foot() {
    return [
        session.user ? h("span", {}, `Signed in as ${session.user.name}`) : null,
        h("a", { href: `${SERVER}/docs` }, "API documentation"),
        h("a", { href: `${SERVER}/openapi.json` }, "OpenAPI"),
        h("a", { href: `${SERVER}/status` }, "Status"),
    ];
}
