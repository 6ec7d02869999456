/**
 * Describing a page as a tree, and making the document like it. What stands in data is text here and never markup: there is no
 * way to hand in HTML, handlers are functions, and addresses are of known schemes.
 */

/** @typedef {string | number | boolean | null | undefined | Node_ | Child[]} Child */
/**
 * An element to be, with what belongs into it.
 * @typedef {{tag: string, props: Record<string, any>, children: (Node_ | string)[], key: string | number | undefined}} Node_
 */

const SVG = "http://www.w3.org/2000/svg";
/** Attributes that hold addresses. */
const ADDRESSES = new Set(["href", "src", "action", "formaction", "poster", "xlink:href"]);
/** Attributes that hold more than text. */
const REFUSED = new Set(["srcdoc", "style", "innerHTML", "outerHTML"]);
/** What is set as a property, for the attribute is only its beginning. */
const LIVE = new Set(["value", "checked", "selected", "indeterminate"]);

/** @type {WeakMap<Node, {props: Record<string, any>, key: string | number | undefined}>} */
const known = new WeakMap();

/**
 * An element: `h("a", { href, class: "quiet" }, "More")`. Of a custom element objects are set as properties.
 * @param {string} tag
 * @param {Record<string, any> | null} [props]
 * @param {...Child} children
 * @returns {Node_}
 */
export function h(tag, props, ...children) {
    const { key, ...rest } = props ?? {};
    return { tag, props: rest, children: flat(children), key };
}

/** @param {Child} child @returns {(Node_ | string)[]} */
function flat(child) {
    if (Array.isArray(child)) return child.flatMap(flat);
    if (child === null || child === undefined || child === false || child === true || child === "") return [];
    return [typeof child === "object" ? child : String(child)];
}

/**
 * Whether an address may be followed: within the marketplace, or over the web, or by mail or telephone.
 * @param {unknown} address
 */
export function isSafe(address) {
    const text = String(address);
    // Browsers take out control characters and blanks before they look for a scheme.
    const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(text.replace(/[\u0000-\u0020\u007f-\u009f]/g, ""))?.[1]?.toLowerCase();
    return scheme === undefined || ["http", "https", "mailto", "tel", "blob"].includes(scheme);
}

/**
 * Makes what is in `host` like `children`, keeping all elements that stay, and with them focus, selection and scroll.
 * @param {Element} host
 * @param {Child} children
 */
export function render(host, children) {
    patchChildren(host, flat(children));
}

/** @param {Node_ | string} wanted @param {Element} parent @returns {Node} */
function create(wanted, parent) {
    if (typeof wanted === "string") return document.createTextNode(wanted);
    const inSvg = wanted.tag === "svg" || (parent.namespaceURI === SVG && parent.localName !== "foreignObject");
    const element = inSvg ? document.createElementNS(SVG, wanted.tag) : document.createElement(wanted.tag);
    known.set(element, { props: {}, key: wanted.key });
    patch(element, wanted);
    return element;
}

/** @param {Node} node @param {Node_ | string} wanted */
function fits(node, wanted) {
    if (typeof wanted === "string") return node.nodeType === Node.TEXT_NODE;
    return node instanceof Element && node.localName === wanted.tag.toLowerCase() && known.get(node)?.key === wanted.key;
}

/** @param {Element} parent @param {(Node_ | string)[]} wanted */
function patchChildren(parent, wanted) {
    const keys = new Set(wanted.map((one) => (typeof one === "string" ? undefined : one.key)));
    /** @type {Map<string | number, Node>} */
    const keyed = new Map();
    for (const child of [...parent.childNodes]) {
        const key = known.get(child)?.key;
        if (key === undefined) continue;
        // What goes, goes first, so that what stays need not be moved past it.
        if (keys.has(key) && !keyed.has(key)) keyed.set(key, child);
        else child.remove();
    }
    /** @type {ChildNode | null} */
    let next = parent.firstChild;
    for (const one of wanted) {
        const key = typeof one === "string" ? undefined : one.key;
        const there = key === undefined ? next : (keyed.get(key) ?? null);
        // A second one of the same key is another element.
        if (key !== undefined) keyed.delete(key);
        if (there && fits(there, one)) {
            if (there === next) next = next.nextSibling;
            else parent.insertBefore(there, next);
            patch(there, one);
        } else {
            parent.insertBefore(create(one, parent), next);
        }
    }
    while (next) {
        const gone = next;
        next = next.nextSibling;
        gone.remove();
    }
}

/** @param {Node} node @param {Node_ | string} wanted */
function patch(node, wanted) {
    if (typeof wanted === "string") {
        if (node.nodeValue !== wanted) node.nodeValue = wanted;
        return;
    }
    const element = /** @type {HTMLElement} */ (node);
    const before = known.get(element)?.props ?? {};
    for (const name of Object.keys(before)) if (!(name in wanted.props)) set(element, name, undefined, before[name]);
    // What is chosen among options is known once they are there.
    const late = wanted.tag === "select" && "value" in wanted.props;
    for (const [name, value] of Object.entries(wanted.props)) {
        if (!(late && name === "value")) set(element, name, value, before[name]);
    }
    // A custom element fills itself.
    if (!wanted.tag.includes("-")) patchChildren(element, wanted.children);
    if (late) set(element, "value", wanted.props.value, undefined);
    known.set(element, { props: wanted.props, key: wanted.key });
}

/** @param {HTMLElement} element @param {string} name @param {any} value @param {any} before */
function set(element, name, value, before) {
    if (name.startsWith("on")) {
        if (value !== undefined && typeof value !== "function") throw new TypeError(`${name} takes a function`);
        if (value === before) return;
        if (before) element.removeEventListener(name.slice(2), before);
        if (value) element.addEventListener(name.slice(2), value);
        return;
    }
    if (REFUSED.has(name)) throw new TypeError(`${name} is not for data`);
    if (LIVE.has(name) && element.localName !== "option") {
        const target = /** @type {any} */ (element);
        const to = value ?? (name === "value" ? "" : false);
        if (target[name] !== to) target[name] = to;
        return;
    }
    if (value === before) return;
    if (name === "styles") {
        // Custom properties only, which style sheets give a meaning.
        for (const [property, to] of Object.entries(value ?? {})) element.style.setProperty(property, String(to));
    } else if (element.localName.includes("-") && (typeof value === "object" || typeof value === "function")) {
        /** @type {any} */ (element)[name] = value;
    } else if (value === undefined || value === null || value === false) {
        element.removeAttribute(name);
    } else if (ADDRESSES.has(name) && !isSafe(value)) {
        element.removeAttribute(name);
    } else {
        element.setAttribute(name, value === true ? "" : String(value));
    }
}
