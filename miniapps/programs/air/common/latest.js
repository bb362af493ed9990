/** What the city says now; until it has, and without a line, what it said the last time, with when that was. */
import { mp } from '../app.js';

/**
 * @param {string} key  where it is kept
 * @param {(told: { data: object | null, at: number | null, state: 'asking' | 'now' | 'offline' | 'failed' }) => void} draw
 *   data null: nothing is known. Called at once, and again when the city has answered or cannot
 */
export async function latest(key, documentId, variables, draw) {
  const kept = mp.getStorageSync(key);
  const before = kept?.documentId === documentId ? kept : { data: null, at: null }; // an older version asked otherwise
  draw({ ...before, state: 'asking' });
  try {
    const { data, errors } = await mp.graphql(documentId, variables);
    if (errors?.length) throw new Error(errors[0].message); // half an answer is not kept over a whole one
    const now = { documentId, data, at: Date.now() };
    mp.setStorageSync(key, now);
    draw({ ...now, state: 'now' });
  } catch (error) {
    draw({ ...before, state: error.code === 'E_NETWORK' || mp.env.network === 'none' ? 'offline' : 'failed' });
  }
}
