/** What happens in the page itself: scrolling it, showing a picture large. Elsewhere (Node) these do nothing. */

export async function scrollTo({ scrollTop, selector, duration = 300 }) {
  const { document, window } = globalThis;
  if (!document) return {};
  const behavior = duration > 0 && !window.matchMedia?.('(prefers-reduced-motion: reduce)').matches ? 'smooth' : 'instant';
  if (selector !== undefined) document.querySelector(selector)?.scrollIntoView({ behavior });
  else window.scrollTo({ top: scrollTop ?? 0, behavior });
  return {};
}

/** A dialog of the page; arrow keys or a tap on either side go on and back, Escape or a tap in the middle closes it. */
export async function showPictures({ urls, current }) {
  const { document } = globalThis;
  if (!document) return {};
  let at = Math.max(0, urls.indexOf(current));
  const box = document.createElement('dialog');
  const picture = document.createElement('img');
  const go = (steps) => {
    at = (at + steps + urls.length) % urls.length;
    picture.src = urls[at];
    picture.alt = `${at + 1} / ${urls.length}`;
  };
  box.style.cssText = 'border:0;padding:0;background:none;max-width:100vw;max-height:100vh';
  picture.style.cssText = 'display:block;max-width:100vw;max-height:100vh';
  box.append(picture);
  box.onclose = () => box.remove();
  box.onkeydown = ({ key }) => key.startsWith('Arrow') && go(key === 'ArrowLeft' || key === 'ArrowUp' ? -1 : 1);
  box.onclick = ({ clientX }) => {
    const side = urls.length > 1 ? (clientX / (globalThis.innerWidth || 1)) * 3 : 1;
    if (side < 1) go(-1);
    else if (side > 2) go(1);
    else box.close();
  };
  go(0);
  document.body.append(box);
  box.showModal();
  return {};
}

/** Tells `heard(type)` of what the page itself notices: its size, and that it was scrolled to its end. */
export function watchPage(heard) {
  const { window, document } = globalThis;
  if (typeof window?.addEventListener !== 'function' || !document) return;
  let atEnd = false;
  window.addEventListener('resize', () => heard('resize'));
  window.addEventListener('pagehide', () => heard('pagehide'));
  window.addEventListener(
    'scroll',
    () => {
      const was = atEnd;
      atEnd = window.innerHeight + window.scrollY >= document.documentElement.scrollHeight - 50;
      if (atEnd && !was) heard('reachbottom');
    },
    { passive: true },
  );
  window.addEventListener('error', ({ message }) => heard('fault', message));
  window.addEventListener('unhandledrejection', ({ reason }) => heard('fault', String(reason?.message ?? reason)));
}
