/**
 * What happens on the marketplace, as it happens: one WebSocket for the whole page, in the protocol of Action Cable. After each
 * (re)connection subscribers look at the whole state again, so that nothing that happened meanwhile is missed.
 */

import { SERVER } from "./api.js";
import { session } from "./session.js";

/** Without a word for so long, in milliseconds, a connection counts as lost; the server pings every three seconds. */
const SILENCE = 8_000;
/** How long to wait before a connection is tried again, at least and at most, in milliseconds. */
const SOONEST = 500;
const LATEST = 30_000;

/** @typedef {{event: (event: any) => void, right: () => void}} Subscriber */
/** @typedef {"live" | "connecting" | "off"} State */

class Live extends EventTarget {
    /** @type {WebSocket | null} */
    #socket = null;
    /** @type {Map<string, Set<Subscriber>>} */
    #subscribers = new Map();
    #tries = 0;
    #heard = 0;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    #again;
    /** @type {State} */
    state = "off";

    constructor() {
        super();
        setInterval(() => {
            if (this.#socket && performance.now() - this.#heard > SILENCE) this.#lost();
        }, 1_000);
        addEventListener("online", () => this.#connectNow());
        document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && this.#connectNow());
    }

    /**
     * Follows a channel, until the signal says that it is enough.
     * @param {string} channel @param {Record<string, string>} params @param {Subscriber} subscriber @param {AbortSignal} signal
     */
    follow(channel, params, subscriber, signal) {
        const identifier = JSON.stringify({ channel, ...params });
        const others = this.#subscribers.get(identifier) ?? new Set();
        this.#subscribers.set(identifier, others.add(subscriber));
        if (others.size === 1) this.#send({ command: "subscribe", identifier });
        signal.addEventListener("abort", () => {
            others.delete(subscriber);
            if (others.size > 0 || this.#subscribers.get(identifier) !== others) return;
            this.#subscribers.delete(identifier);
            this.#send({ command: "unsubscribe", identifier });
        });
        this.#connectNow();
    }

    /** Connects as who is signed in now. */
    restart() {
        this.#close();
        this.#tries = 0;
        if (this.#subscribers.size > 0) this.#connect();
    }

    #connectNow() {
        if (this.#socket || this.#subscribers.size === 0) return;
        clearTimeout(this.#again);
        this.#connect();
    }

    #connect() {
        const protocols = ["actioncable-v1-json"];
        // Browsers can't send headers with a WebSocket; the server takes the token as a protocol and never names it.
        if (session.token) protocols.push(`actioncable-token.${session.token}`);
        const socket = new WebSocket(`${SERVER.replace(/^http/, "ws")}/websocket`, protocols);
        this.#socket = socket;
        this.#heard = performance.now();
        this.#is("connecting");
        socket.onmessage = ({ data }) => socket === this.#socket && this.#hear(JSON.parse(data));
        socket.onclose = () => socket === this.#socket && this.#lost();
    }

    /** @param {any} frame */
    #hear(frame) {
        this.#heard = performance.now();
        const subscribers = [...(this.#subscribers.get(frame.identifier) ?? [])];
        switch (frame.type) {
            case "welcome":
                this.#tries = 0;
                this.#is("live");
                for (const identifier of this.#subscribers.keys()) this.#send({ command: "subscribe", identifier });
                break;
            case "confirm_subscription":
                for (const subscriber of subscribers) subscriber.right();
                break;
            case "disconnect":
                if (frame.reconnect) return this.#lost();
                this.#close();
                this.#is("off");
                break;
            case undefined:
                for (const subscriber of subscribers) subscriber.event(frame.message);
        }
    }

    #lost() {
        this.#close();
        this.#is("connecting");
        const most = Math.min(LATEST, SOONEST * 2 ** this.#tries);
        this.#tries += 1;
        this.#again = setTimeout(() => this.#connectNow(), most / 2 + (Math.random() * most) / 2);
    }

    #close() {
        clearTimeout(this.#again);
        const socket = this.#socket;
        this.#socket = null;
        socket?.close();
    }

    /** @param {object} command */
    #send(command) {
        if (this.state === "live" && this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(command));
    }

    /** @param {State} state */
    #is(state) {
        if (this.state === state) return;
        this.state = state;
        this.dispatchEvent(new Event("change"));
    }
}

export const live = new Live();
