/**
 * Who is signed in. The token is in this tab's memory and its session storage, never in an address, a cookie or on disk for longer than
 * the tab lives; further tabs are given it by those that have it. One comes by it with a code that only this tab can swap (PKCE, RFC 7636).
 */

import { SERVER, Refusal, askAs, get, send } from "./api.js";
import { HOME } from "./router.js";

const TOKEN = "mkt.token";
const VERIFIER = "mkt.verifier";
const AFTER = "mkt.after";
/** How long another tab may take to answer, in milliseconds. */
const NEIGHBOURLY = 150;
/** How long to wait before the marketplace is asked again who one is, in milliseconds. */
const AGAIN = 5_000;

/** @typedef {{id: string, name: string, email: string | null}} Person */
/**
 * What the operator lets owners do, and requires of builds before they are published.
 * @typedef {{self_publishing: boolean, review: boolean, check: boolean, strict: boolean}} Rules
 */

class Session extends EventTarget {
    /** @type {string | null} */
    #token = sessionStorage.getItem(TOKEN);
    #channel = new BroadcastChannel("mkt.session");
    /** @type {Person | null} */
    user = null;
    /** @type {Record<string, Record<string, boolean>>} */
    permissions = {};
    /** @type {Rules} */
    rules = { self_publishing: false, review: false, check: false, strict: false };
    /** When the token ends, if it does. @type {Date | null} */
    expires = null;

    constructor() {
        super();
        askAs({ token: () => this.#token, ended: () => this.#end("Your session has ended. Please sign in again.") });
        this.#channel.onmessage = ({ data }) => {
            if (data.wanted && this.#token) this.#channel.postMessage({ token: this.#token });
            if (data.ended && this.#token) this.#end("You have signed out.");
        };
    }

    get token() {
        return this.#token;
    }

    get isSignedIn() {
        return this.user !== null;
    }

    /** Who is signed in, of views that are for nobody else. @returns {Person} */
    require() {
        if (!this.user) throw new Refusal("Sign in to see this.", 401);
        return this.user;
    }

    /**
     * Whether the roles that one has permit something. Owners may more, which only the marketplace knows.
     * @param {string} resource @param {string} verb
     */
    may(resource, verb) {
        return Boolean(this.permissions.everything?.manage || this.permissions[resource]?.[verb]);
    }

    /**
     * Comes back from a provider, if that is where one comes from, and finds out who is here. Answers what went wrong, if anything did.
     * @returns {Promise<string | null>}
     */
    async begin() {
        const returned = new URLSearchParams(location.search);
        if (returned.has("jwt")) {
            // Whoever made the address may be anybody: a token that comes in it is not taken, and does not stay there.
            returned.delete("jwt");
            history.replaceState(null, "", location.pathname + (returned.size > 0 ? `?${returned}` : ""));
        }
        const code = returned.get("code");
        const refused = returned.has("error") && returned.get("message");
        const isBack = location.pathname === `${HOME}sign-in` && (code || refused);
        if (isBack) {
            // Out of the address, and of the history, before anything else.
            history.replaceState(null, "", sessionStorage.getItem(AFTER) ?? HOME);
            sessionStorage.removeItem(AFTER);
        }
        if (isBack && refused) return refused;
        try {
            if (isBack && code) await this.#swap(code);
        } catch (error) {
            return error instanceof Error ? error.message : String(error);
        }
        if (this.#token) return this.#recognise();
        this.#join();
        return null;
    }

    /** Leaves for a provider, to come back to where one is. @param {{id: string}} provider @param {string} after */
    async leaveFor(provider, after) {
        const verifier = base64(crypto.getRandomValues(new Uint8Array(32)));
        const challenge = base64(new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier))));
        sessionStorage.setItem(VERIFIER, verifier);
        sessionStorage.setItem(AFTER, after);
        const address = new URL(`${SERVER}/identity_providers/${provider.id}/redirect`);
        address.search = new URLSearchParams({
            return_to: `${location.origin}${HOME}sign-in`,
            code_challenge: challenge,
            code_challenge_method: "S256",
        }).toString();
        location.assign(address);
    }

    /** Signs in with a token that one has. @param {string} token */
    async signInWith(token) {
        this.#keep(token.trim());
        try {
            await this.look();
        } catch (error) {
            this.#forget();
            throw error;
        }
    }

    async signOut() {
        try {
            await send("DELETE", "/session");
        } catch {
            // What can't be revoked now ends by itself.
        }
        this.#channel.postMessage({ ended: true });
        this.#end("You have signed out.");
    }

    /** Asks anew who one is and what one may. */
    async look() {
        const status = await get("/status");
        if (!status.identity) {
            this.#forget();
            throw new Refusal("This token counts for nothing here.", 401);
        }
        this.user = status.identity.user;
        this.permissions = status.permissions ?? {};
        this.rules = status.rules;
        this.expires = status.jwt?.expires_at ? new Date(status.jwt.expires_at) : null;
        this.dispatchEvent(new Event("change"));
    }

    /** @param {string} code */
    async #swap(code) {
        const verifier = sessionStorage.getItem(VERIFIER);
        sessionStorage.removeItem(VERIFIER);
        if (!verifier) throw new Refusal("This sign-in was started in another tab. Please start again.", 401);
        const answer = await send("POST", "/sessions", { code, code_verifier: verifier });
        this.#keep(answer.jwt);
    }

    /** Takes part in the session of another tab, if there is one. Nobody waits for that. */
    async #join() {
        const token = await this.#fromNeighbours();
        if (!token || this.#token) return;
        this.#keep(token);
        await this.#recognise();
    }

    /** Finds out whose the token is, again and again while the marketplace can't tell. A token that counts for nothing goes by itself. */
    async #recognise() {
        try {
            await this.look();
            return null;
        } catch (error) {
            setTimeout(() => this.#token && !this.user && this.#recognise(), AGAIN);
            return error instanceof Error ? error.message : String(error);
        }
    }

    /** The token of another tab. @returns {Promise<string | null>} */
    #fromNeighbours() {
        return new Promise((resolve) => {
            const channel = new BroadcastChannel("mkt.session");
            const done = (/** @type {string | null} */ token) => {
                channel.close();
                resolve(token);
            };
            channel.onmessage = ({ data }) => data.token && done(data.token);
            channel.postMessage({ wanted: true });
            setTimeout(() => done(null), NEIGHBOURLY);
        });
    }

    /** @param {string | null} token */
    #keep(token) {
        if (!token) return;
        this.#token = token;
        sessionStorage.setItem(TOKEN, token);
    }

    #forget() {
        this.#token = null;
        sessionStorage.removeItem(TOKEN);
        this.user = null;
        this.permissions = {};
        this.expires = null;
    }

    /** @param {string} why */
    #end(why) {
        this.#forget();
        this.dispatchEvent(new CustomEvent("end", { detail: why }));
        this.dispatchEvent(new Event("change"));
    }
}

/** @param {Uint8Array} bytes As base 64 for URLs (RFC 4648, 5). */
function base64(bytes) {
    return btoa(String.fromCharCode(...bytes))
        .replaceAll("+", "-")
        .replaceAll("/", "_")
        .replace(/=+$/, "");
}

export const session = new Session();
