/** Sending files and telling how far they have come, which `fetch` does not. */

import { Refusal, SERVER, refusal } from "./api.js";
import { session } from "./session.js";

/** @typedef {(share: number) => void} Progress From 0 to 1. */

/**
 * Sends a file, or a form with one, and answers what it made. It takes as long as it takes.
 * @param {"PUT" | "POST"} method @param {string} path @param {Blob | FormData} body
 * @param {{query?: Record<string, string>, progress?: Progress, signal?: AbortSignal}} [how]
 * @returns {Promise<any>}
 */
export function upload(method, path, body, { query = {}, progress, signal } = {}) {
    return new Promise((resolve, reject) => {
        const url = new URL(SERVER + path);
        for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
        const request = new XMLHttpRequest();
        request.open(method, url);
        request.responseType = "json";
        request.setRequestHeader("accept", "application/json");
        if (session.token) request.setRequestHeader("authorization", `Bearer ${session.token}`);
        if (body instanceof Blob) request.setRequestHeader("content-type", body.type || "application/octet-stream");
        request.upload.onprogress = ({ loaded, total }) => progress?.(total > 0 ? loaded / total : 0);
        request.onload = () => {
            if (request.status >= 200 && request.status < 300) resolve(request.response);
            else reject(refusal(request.response ?? {}, request.status, request.getResponseHeader("retry-after")));
        };
        // A server that wants no more of a file may hang up before it says so.
        request.onerror = () => reject(new Refusal("The upload broke off. The file may be too large, or your connection is gone.", 0));
        request.onabort = () => reject(new Refusal("The upload was stopped.", 0));
        signal?.addEventListener("abort", () => request.abort());
        request.send(body);
    });
}
