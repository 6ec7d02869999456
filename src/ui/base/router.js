/** Which view an address shows. All addresses are under `/ui/`; the parameters of a view are in its query, so that they can be shared. */

/** @typedef {{path: string, load: () => Promise<unknown>, tag: string, section?: string}} Route */
/** @typedef {{route: Route, params: Record<string, string>, query: URLSearchParams}} Place */

/** Where the application lives. */
export const HOME = "/ui/";

export class Router extends EventTarget {
    /** @type {{route: Route, pattern: RegExp, names: string[]}[]} */
    #routes;

    /** @param {Route[]} routes */
    constructor(routes) {
        super();
        this.#routes = routes.map((route) => {
            const names = [...route.path.matchAll(/:(\w+)/g)].map((match) => match[1]);
            const pattern = new RegExp(`^${route.path.replace(/:\w+/g, "([^/]+)")}/?$`);
            return { route, pattern, names };
        });
    }

    /** Follows addresses from here on: of links, of the browser's own buttons, and of {@link go}. */
    start() {
        addEventListener("popstate", () => this.#changed());
        document.addEventListener("click", (event) => {
            const link = event.target instanceof Element ? event.target.closest("a") : null;
            const plain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
            if (!link || !plain || event.defaultPrevented || link.target || link.hasAttribute("download")) return;
            if (link.origin !== location.origin || !link.pathname.startsWith(HOME)) return;
            if (link.hash && link.pathname === location.pathname && link.search === location.search) return;
            event.preventDefault();
            go(link.pathname + link.search + link.hash);
        });
        this.#changed();
    }

    /** The place that is shown. @returns {Place | null} */
    place() {
        const path = location.pathname.slice(HOME.length);
        for (const { route, pattern, names } of this.#routes) {
            const found = pattern.exec(path);
            if (!found) continue;
            const params = Object.fromEntries(names.map((name, index) => [name, decoded(found[index + 1])]));
            return { route, params, query: new URLSearchParams(location.search) };
        }
        return null;
    }

    #changed() {
        this.dispatchEvent(new Event("change"));
    }
}

/**
 * Shows another place.
 * @param {string} address As {@link to} makes it.
 * @param {{replace?: boolean}} [how] Whether the place before is forgotten.
 */
export function go(address, { replace = false } = {}) {
    if (replace) history.replaceState(null, "", address);
    else history.pushState(null, "", address);
    dispatchEvent(new PopStateEvent("popstate"));
}

/** @param {string} part */
function decoded(part) {
    try {
        return decodeURIComponent(part);
    } catch {
        return part;
    }
}

/**
 * The address of a place, for links: `to("products", { text })`. What is empty is left out.
 * @param {string} path
 * @param {Record<string, string | number | undefined | null>} [query]
 */
export function to(path, query = {}) {
    const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== null && value !== "");
    const text = new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
    return HOME + path.replace(/^\//, "") + (text && `?${text}`);
}
