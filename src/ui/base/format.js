/** Dates, sizes and numbers as people of the reader's language write them. */

const language = navigator.language;
const day = new Intl.DateTimeFormat(language, { dateStyle: "medium" });
const instant = new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "short" });
const relative = new Intl.RelativeTimeFormat(language, { numeric: "auto" });
const whole = new Intl.NumberFormat(language);

/** @type {[Intl.RelativeTimeFormatUnit, number][]} */
const UNITS = [
    ["year", 31_536_000],
    ["month", 2_592_000],
    ["day", 86_400],
    ["hour", 3_600],
    ["minute", 60],
];

/** @param {string | null | undefined} time */
export function date(time) {
    return time ? day.format(new Date(time)) : "";
}

/** @param {string | null | undefined} time */
export function moment(time) {
    return time ? instant.format(new Date(time)) : "";
}

/** How long ago, or in how long. @param {string | null | undefined} time */
export function ago(time) {
    if (!time) return "";
    const seconds = (new Date(time).getTime() - Date.now()) / 1000;
    const [unit, length] = UNITS.find(([, length]) => Math.abs(seconds) >= length) ?? ["second", 1];
    return Math.abs(seconds) < 10 ? relative.format(0, "second") : relative.format(Math.round(seconds / length), unit);
}

/** @param {number} number */
export function count(number) {
    return whole.format(number);
}

/** A number of things: `several(2, "build")`. @param {number} number @param {string} thing @param {string} [things] */
export function several(number, thing, things = `${thing}s`) {
    return `${count(number)} ${number === 1 ? thing : things}`;
}

/** @param {number} bytes */
export function size(bytes) {
    const units = ["B", "KiB", "MiB", "GiB"];
    let left = bytes;
    let unit = 0;
    while (left >= 1024 && unit < units.length - 1) {
        left /= 1024;
        unit += 1;
    }
    return `${left < 10 && unit > 0 ? left.toFixed(1) : Math.round(left)} ${units[unit]}`;
}

/** `published_at` as `Published at`. @param {string} name */
export function title(name) {
    const words = name.replaceAll("_", " ");
    return words.charAt(0).toUpperCase() + words.slice(1);
}
