/** What agents tell of an instance: how far it is now, where it is reached, and how it came there. */

import { h } from "../../base/dom.js";
import { ago, moment } from "../../base/format.js";
import { state, table, when } from "../../parts/small.js";

/** @typedef {{state: string, message: string | null, detail: Record<string, any> | null, created_at: string}} Report */

/** The way of an instance that is to run. */
const STEPS = ["pending", "pulling", "starting", "running"];
/** What states mean. @type {Record<string, string>} */
const MEANINGS = {
    pending: "No agent has taken it up yet.",
    pulling: "Its image is being fetched.",
    starting: "Its tasks are being started.",
    running: "It runs.",
    blocked: "Something that it needs is not there. It starts by itself as soon as it is.",
    unauthorized: "The platform's owner has no right to it.",
    failed: "It could not be started, or ended. The agent tries again, after ever longer pauses.",
    stopping: "Its tasks are being ended.",
    stopped: "It was ended.",
};

/** How far an instance is. @param {any} instance @param {Report | undefined} last @param {any} platform */
export function progress(instance, last, platform) {
    const at = STEPS.indexOf(instance.state);
    const isOnItsWay = instance.wanted === "running" && at >= 0;
    const isWaiting = instance.state !== "running" && platform.state === "offline";
    return h(
        "div",
        { class: "progress" },
        isOnItsWay
            ? h(
                  "ol",
                  { class: "journey" },
                  STEPS.map((step, index) =>
                      h("li", { key: step, class: passed(index, at), "aria-current": index === at ? "step" : undefined }, step),
                  ),
              )
            : null,
        h("p", { key: "state" }, state(instance.state), " ", last?.state === instance.state ? ["since ", when(last?.created_at)] : null),
        h("p", { key: "meaning", role: "status" }, MEANINGS[instance.state] ?? null),
        instance.state_message
            ? h(
                  "p",
                  { key: "why", class: ["failed", "blocked", "unauthorized"].includes(instance.state) ? "notice error" : "notice" },
                  instance.state_message,
              )
            : null,
        isWaiting
            ? h(
                  "p",
                  { key: "offline", class: "notice warning" },
                  `The agent of ${platform.name} is offline. Nothing changes until it is back.`,
              )
            : null,
    );
}

/** How a step looks, of one who is at another. @param {number} step @param {number} at */
function passed(step, at) {
    if (step < at || at === STEPS.length - 1) return "done";
    return step === at ? "now" : "";
}

/** Where its tasks are reached, as the agent last told. @param {any} instance @param {Report | undefined} last */
export function where(instance, last) {
    const told = last?.detail?.tasks;
    if (instance.state !== "running" || !Array.isArray(told) || told.length === 0) return null;
    const one = (/** @type {any} */ task, /** @type {number} */ index) =>
        h(
            "li",
            { key: index },
            h("strong", {}, String(task.task)),
            task.address ? [" at ", h("code", {}, String(task.address))] : null,
            task.since ? h("small", {}, " since ", when(String(task.since))) : null,
        );
    return h("ul", { "aria-label": "What runs" }, told.map(one));
}

/** What was told, the last first. @param {Report[]} reports */
export function history(reports) {
    return table(
        "What the agent told, the last first",
        [
            ["When", (report) => h("time", { datetime: report.created_at, title: ago(report.created_at) }, moment(report.created_at))],
            ["State", (report) => state(report.state)],
            ["Version", (report) => report.detail?.version ?? ""],
            ["Message", (report) => report.message ?? ""],
        ],
        reports,
        (report) => `${report.created_at} ${report.state}`,
    );
}
