/**
 * How the line begins. A host puts `preload.js` before every script of a page; it has said hello already and hands over
 * what came of it, once, at `window[Symbol.for('citytong.mp')].take()`. Where there is no such hand, and the page is
 * framed, this says hello itself: the one message that ever leaves through the window, and one welcome is listened for,
 * from the windows above alone. Elsewhere (a tab of its own, Node, jsdom) there is no host.
 */
export const HANDOVER = Symbol.for('citytong.mp');
export const PROTOCOLS = [1];

/**
 * @typedef {{ port: object, welcome: object }} Opened
 * @returns {{ preloaded: boolean, opened: Opened | Promise<Opened> } | null} `opened`: at once where the welcome has come,
 *   and a promise that stays open while nobody answers. null: no host, or another copy of this package has taken the line
 */
export function knock(sdk) {
  const hand = globalThis[HANDOVER];
  if (hand) {
    const opened = hand.take();
    return opened && { preloaded: true, opened };
  }
  const { window, parent, top } = globalThis;
  if (!window || !parent || parent === window || typeof parent.postMessage !== 'function') return null;
  const opened = new Promise((resolve) => {
    window.addEventListener('message', function welcomed({ source, data, ports }) {
      if ((source !== parent && source !== top) || data?.mp !== 'welcome' || !ports[0]) return;
      window.removeEventListener('message', welcomed);
      resolve({ port: ports[0], welcome: data });
    });
  });
  parent.postMessage({ mp: 'hello', protocols: PROTOCOLS, sdk }, '*');
  return { preloaded: false, opened };
}
