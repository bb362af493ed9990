/**
 * What every page begins with: the line to the city's app is there, the page speaks the reader's language, and the host's
 * bar has the colour of the page.
 */
import { mp } from './sdk/index.js';

await mp.ready();

function look() {
  document.documentElement.lang = mp.env.lang;
  const paper = getComputedStyle(document.documentElement).getPropertyValue('--paper').trim();
  const frontColor = mp.env.theme === 'dark' ? '#ffffff' : '#000000';
  mp.setNavigationBarColor({ frontColor, backgroundColor: paper }).catch(() => {}); // the bar keeps its colour, then
}

look();
mp.on('themechange', () => requestAnimationFrame(look)); // the host's colours come in the same moment

export { mp };
