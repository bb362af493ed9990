/**
 * The view layer: elements are made by calls and never from text, so data cannot become markup
 * (`require-trusted-types-for 'script'` holds, and the one policy makes no markup).
 *
 * A screen owns regions and refills a region when its state changes; there is no diffing to be surprised by.
 */

const SVG = "http://www.w3.org/2000/svg";

/** @typedef {Node | string | number | null | undefined | false | Child[]} Child */

/**
 * @param {string} tag  "button.primary.wide" names the element and its classes
 * @param {Record<string, unknown>} [props]  `onclick` listens; `vars` sets custom properties; true/false set/omit; the rest are attributes
 * @param {...Child} children
 * @returns {HTMLElement}
 */
export function h(tag, props, ...children) {
  const [name, ...classes] = tag.split(".");
  return /** @type {HTMLElement} */ (dress(document.createElement(name), classes, props, children));
}

/**
 * As `h`, for SVG.
 * @param {string} tag
 * @param {Record<string, unknown>} [props]
 * @param {...Child} children
 * @returns {SVGElement}
 */
export function s(tag, props, ...children) {
  const [name, ...classes] = tag.split(".");
  return /** @type {SVGElement} */ (dress(document.createElementNS(SVG, name), classes, props, children));
}

/** Put new content in place of old. @template {Element} E @param {E} region @param {...Child} children @returns {E} */
export function fill(region, ...children) {
  region.replaceChildren(...flat(children));
  return region;
}

function dress(el, classes, props, children) {
  if (classes.length) el.classList.add(...classes);
  for (const [key, value] of Object.entries(props ?? {})) setProp(el, key, value);
  el.append(...flat(children));
  return el;
}

function setProp(el, key, value) {
  if (value === null || value === undefined || value === false) return;
  if (key.startsWith("on")) el.addEventListener(key.slice(2), value);
  else if (key === "vars") for (const [name, v] of Object.entries(value)) el.style.setProperty(name, String(v));
  else if (key === "value" || key === "checked") el[key] = value;
  else el.setAttribute(key, value === true ? "" : String(value));
}

/** @param {Child[]} children @returns {(Node | string)[]} */
function flat(children) {
  return children
    .flat(Infinity)
    .filter((c) => c !== null && c !== undefined && c !== false)
    .map((c) => (c instanceof Node ? c : String(c)));
}
