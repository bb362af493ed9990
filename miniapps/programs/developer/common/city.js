/** What the program asks of the city, and what it hears when the city says no. */
import { mp } from '../app.js';
import { t } from './words.js';

/** Long enough for somebody to prove that it is them, if the city wants that first. */
const PATIENCE_MS = 180_000;

/**
 * The city said no, or could not be reached: `message` is a sentence for the reader, `code` the city's code for why.
 * `field`: what it is about of that which was entered, as the graph calls it.
 */
export class Refused extends Error {
  constructor(message, { code = '', field = '' } = {}) {
    super(message);
    this.code = code;
    this.field = field;
  }
}

/** Do something: what the city answers, or Refused. */
export async function act(documentId, variables) {
  const { data, errors, withheld } = await mp.graphql(documentId, variables, { timeout: PATIENCE_MS }).catch(notReached);
  const [first] = errors ?? [];
  if (first) throw new Refused(first.message, { code: first.extensions?.code, field: first.extensions?.field });
  if (withheld.length) throw new Refused(t('ask.settings'));
  return data;
}

export const offline = (error) => error.code === 'E_NETWORK' || mp.env.network === 'none';

function notReached(error) {
  if (offline(error)) throw new Refused(t('work.offline'), { code: error.code });
  throw new Refused(error.code === 'E_RATE_LIMITED' ? t('work.often') : error.message, { code: error.code });
}
