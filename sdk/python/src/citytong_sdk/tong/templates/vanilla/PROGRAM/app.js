/** What every page begins with: the line to the city's app is there, and the page speaks its reader's language. */
import { mp } from './sdk/index.js';

await mp.ready();
/** Now, and again whenever the reader changes their language. */
const speaks = ({ lang }) => (document.documentElement.lang = lang);
speaks(mp.env);
mp.on('localechange', speaks);

export { mp };
