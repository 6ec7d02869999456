/** The marketplace's API: requests, pages of records, and refusals in words. */

/**
 * A page of an index.
 * @template [T=any]
 * @typedef {{results: T[], total_entries: number, total_pages: number, current_page: number, per_page: number, previous_page: number | null,
 *     next_page: number | null}} Page
 */

/** How long an answer may take, in milliseconds. */
const PATIENCE = 30_000;

/** Where the marketplace answers, without a slash at the end. */
export const SERVER = (() => {
    const told = document.querySelector("meta[name=marketplace]")?.getAttribute("content") ?? "";
    return (told || location.origin).replace(/\/$/, "");
})();

/** An answer that is a refusal (RFC 9457), or none at all. */
export class Refusal extends Error {
    /**
     * @param {string} message In words, for people.
     * @param {number} status The HTTP status; 0 where nothing answered.
     * @param {Record<string, string[]>} [errors] What is wrong with which field.
     * @param {Record<string, any>} [details] What else is told, such as the findings in a manifest.
     */
    constructor(message, status, errors = {}, details = {}) {
        super(message);
        this.name = "Refusal";
        this.status = status;
        this.errors = errors;
        this.details = details;
    }

    /** Whether the marketplace was not reached. */
    get isOffline() {
        return this.status === 0;
    }
}

/** Who asks: set by the session. @type {{token: () => string | null, ended: () => void}} */
let asker = { token: () => null, ended: () => {} };

/** @param {typeof asker} session */
export function askAs(session) {
    asker = session;
}

/**
 * Asks, and answers what came.
 * @param {string} method
 * @param {string} path
 * @param {{body?: any, query?: Record<string, any>, signal?: AbortSignal, headers?: Record<string, string>}} [given]
 * @returns {Promise<Response>}
 */
async function ask(method, path, { body, query, signal, headers = {} } = {}) {
    const url = new URL(SERVER + path);
    for (const [name, value] of Object.entries(query ?? {})) {
        if (value !== undefined && value !== null && value !== "") url.searchParams.set(name, String(value));
    }
    const token = asker.token();
    /** @type {Record<string, string>} */
    const sent = { accept: "application/json", ...headers };
    if (token) sent.authorization = `Bearer ${token}`;
    const isForm = body instanceof FormData || body instanceof Blob;
    if (body !== undefined && !isForm) sent["content-type"] = "application/json";
    const timeout = AbortSignal.timeout(PATIENCE);
    let response;
    try {
        response = await fetch(url, {
            method,
            headers: sent,
            body: body === undefined || isForm ? body : JSON.stringify(body),
            signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
            credentials: "omit",
            referrerPolicy: "no-referrer",
        });
    } catch (error) {
        if (signal?.aborted) throw error;
        throw new Refusal("The marketplace can't be reached. Your connection may be gone, or the server.", 0);
    }
    if (response.ok) return response;
    const problem = await response.json().catch(() => ({}));
    // A token that counts no more takes the session with it; what is public can still be seen.
    if (response.status === 401 && token && token === asker.token()) asker.ended();
    throw refusal(problem, response.status, response.headers.get("retry-after"));
}

/** What an answer refuses. @param {any} problem @param {number} status @param {string | null} wait In seconds. */
export function refusal(problem, status, wait) {
    const said = problem.message ?? problem.detail ?? `The marketplace answered ${status}.`;
    const message = status === 429 && wait ? `${said} Try again in ${wait} s.` : said;
    return new Refusal(message, status, problem.errors ?? {}, problem.details ?? {});
}

/**
 * @param {string} path @param {Record<string, any>} [query] @param {AbortSignal} [signal]
 * @returns {Promise<any>}
 */
export async function get(path, query, signal) {
    return (await ask("GET", path, { query, signal })).json();
}

/**
 * A record with its revision, for decisions that are to hold only of what was seen (`If-Match`).
 * @param {string} path @param {AbortSignal} [signal]
 * @returns {Promise<{record: any, revision: string}>}
 */
export async function look(path, signal) {
    const response = await ask("GET", path, { signal });
    return { record: await response.json(), revision: response.headers.get("etag") ?? "*" };
}

/** The record, or nothing where there is none, or none to be seen. @param {string} path @param {AbortSignal} [signal] */
export async function find(path, signal) {
    try {
        return await get(path, undefined, signal);
    } catch (error) {
        if (error instanceof Refusal && (error.status === 404 || error.status === 403)) return null;
        throw error;
    }
}

/**
 * All of an index, page after page, for those that are small by their nature.
 * @param {string} path @param {Record<string, any>} [query] @param {AbortSignal} [signal]
 * @returns {Promise<any[]>}
 */
export async function all(path, query, signal) {
    const found = [];
    for (let page = 1; page <= 20; page += 1) {
        const one = await get(path, { per_page: 500, ...query, page }, signal);
        found.push(...one.results);
        if (!one.next_page) break;
    }
    return found;
}

/** The records of these ids, by id. @param {string} path @param {Iterable<string>} ids @param {AbortSignal} [signal] */
export async function byId(path, ids, signal) {
    const wanted = [...new Set(ids)].filter(Boolean);
    /** @type {Map<string, any>} */
    const found = new Map();
    for (let start = 0; start < wanted.length; start += 100) {
        const some = wanted.slice(start, start + 100);
        const page = await get(path, { id: some.join(","), per_page: some.length }, signal);
        for (const record of page.results) found.set(record.id, record);
    }
    return found;
}

/** A file that takes a token, as an address of the document's own. @param {string} path @param {AbortSignal} [signal] */
export async function file(path, signal) {
    const response = await ask("GET", path, { signal, headers: { accept: "image/svg+xml,*/*" } });
    return URL.createObjectURL(await response.blob());
}

/**
 * Asks for a change, and answers what it made.
 * @param {"POST" | "PUT" | "PATCH" | "DELETE"} method @param {string} path @param {any} [body]
 * @param {{query?: Record<string, any>, signal?: AbortSignal, headers?: Record<string, string>}} [how]
 * @returns {Promise<any>}
 */
export async function send(method, path, body, how = {}) {
    const response = await ask(method, path, { body, ...how });
    return response.status === 204 ? null : response.json();
}
