/** Elements from calls, never from text: nothing that the city or a link says can become markup. */
const SVG = 'http://www.w3.org/2000/svg';

const make = (el, attributes, children) => {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function') el.addEventListener(name, value);
    else if (value !== null) el.setAttribute(name, value);
  }
  el.append(...children.flat().filter((child) => child !== null));
  return el;
};

/** `h('button', { class: 'row', click: () => … }, 'words')`; null is left out. */
export const h = (name, attributes = {}, ...children) => make(document.createElement(name), attributes, children);
export const svg = (name, attributes = {}, ...children) => make(document.createElementNS(SVG, name), attributes, children);
