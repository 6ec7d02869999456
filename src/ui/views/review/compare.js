/** What differs between two manifests, in such a way that what moved within a list is not told as changed. */

/** @typedef {import("../../parts/changes.js").Change} Change */

/** By which of these the entries of a list are known. */
const NAMES = ["key", "label", "name", "uri", "uuid", "control", "service", "caption", "path", "datetime"];
/** More than this nobody reads. */
export const MOST = 200;

/** The places where two values differ, in order. @param {any} from @param {any} to @returns {Change[]} */
export function differences(from, to) {
    /** @type {Change[]} */
    const found = [];
    compare("", from ?? null, to ?? null, found);
    return found;
}

/** @param {string} field @param {any} from @param {any} to @param {Change[]} found */
function compare(field, from, to, found) {
    if (found.length >= MOST || JSON.stringify(from) === JSON.stringify(to)) return;
    if (Array.isArray(from) && Array.isArray(to)) return compareLists(field, from, to, found);
    if (isObject(from) && isObject(to)) {
        for (const name of new Set([...Object.keys(from), ...Object.keys(to)])) {
            compare(field ? `${field}.${name}` : name, from[name] ?? null, to[name] ?? null, found);
        }
        return;
    }
    found.push({ field, from, to });
}

/** @param {string} field @param {any[]} from @param {any[]} to @param {Change[]} found */
function compareLists(field, from, to, found) {
    const name = NAMES.find((name) => [from, to].every((list) => isKnownBy(list, name)));
    if (name) {
        const before = new Map(from.map((entry) => [entry[name], entry]));
        const after = new Map(to.map((entry) => [entry[name], entry]));
        for (const known of new Set([...before.keys(), ...after.keys()])) {
            compare(`${field}[${known}]`, before.get(known) ?? null, after.get(known) ?? null, found);
        }
    } else if ([...from, ...to].some(isObject)) {
        for (let index = 0; index < Math.max(from.length, to.length); index += 1) {
            compare(`${field}[${index}]`, from[index] ?? null, to[index] ?? null, found);
        }
    } else {
        const gone = from.filter((entry) => !to.includes(entry));
        const come = to.filter((entry) => !from.includes(entry));
        // Where the same is in another order, all of it is told.
        const isMoved = gone.length + come.length === 0;
        found.push({ field, from: isMoved ? from : gone.length > 0 ? gone : null, to: isMoved ? to : come.length > 0 ? come : null });
    }
}

/** Whether the entries of a list have each a name of their own by this. @param {any[]} list @param {string} name */
function isKnownBy(list, name) {
    const names = list.map((entry) => (isObject(entry) ? entry[name] : null));
    return names.every((one) => typeof one === "string") && new Set(names).size === names.length;
}

/** @param {any} value */
function isObject(value) {
    return typeof value === "object" && value !== null && !Array.isArray(value);
}
