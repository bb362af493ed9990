/** Keys of an organisation and of a backend: what is registered, and forms that take a public key alone. */
import { Refused } from './city.js';
import { h } from './dom.js';
import { button, field, folded, form, note, pill } from './parts.js';
import { twice } from './twice.js';
import { moment, t } from './words.js';

/** Of a JWK, what must never leave whoever made it (RFC 7518). */
const PRIVATE = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'];

/** What was pasted, as a public key. A private one is not sent anywhere. */
export function publicKey(text) {
  let jwk;
  try {
    jwk = JSON.parse(text);
  } catch {
    throw wrong('key.jwk.bad');
  }
  if (jwk === null || typeof jwk !== 'object' || Array.isArray(jwk)) throw wrong('key.jwk.bad');
  if (PRIVATE.some((member) => member in jwk)) throw wrong('key.jwk.private');
  return jwk;
}

const wrong = (words) => new Refused(t(words), { field: 'jwk' });

const gone = ({ retiresAt }) => retiresAt !== null && new Date(retiresAt) <= new Date();

/**
 * @param {any[]} keys
 * @param {{ retire: (id: string) => Promise<void>, rotate: (id: string, use: string) => Node } | null} acts  null: to be read
 */
export const keyList = (keys, acts) =>
  h(
    'ul',
    { class: 'things' },
    [...keys].sort((one, other) => gone(one) - gone(other)).map((key) =>
      h(
        'li',
        { class: 'thing' },
        h('p', { class: 'thing-head' }, h('code', {}, key.id.slice(0, 12)), gone(key) ? pill('plain', t('key.retired')) : pill('ok', t(`use.${key.use}`))),
        h('p', { class: 'note' }, [key.jwk.crv, key.addedAt && t('key.since', { at: moment(key.addedAt) }), key.retiresAt && !gone(key) && t('key.retires', { at: moment(key.retiresAt) })].filter(Boolean).join(' · ')),
        acts && !gone(key) ? h('div', { class: 'acts' }, key.retiresAt ? null : acts.rotate(key), retiring(key, acts.retire)) : null,
      ),
    ),
  );

const retiring = (key, retire) =>
  button(
    `retire-${key.id}`,
    t('key.retire'),
    async () => {
      const sure = await twice({ title: t('key.retire.title'), content: t('key.retire.why'), yes: t('key.retire') });
      if (sure !== null) await retire(key.id);
    },
    'quiet',
    `${t('key.retire')} ${key.id.slice(0, 12)}`,
  );

/** @param {{ id: string, words: string, why?: string, uses?: boolean, sealing?: boolean, work: (of: { jwk: object, proof: string, use: string }) => Promise<void> }} of */
export const keyForm = ({ id, words, why = '', uses = false, sealing = false, work }) =>
  folded(
    id,
    words,
    why ? note(why) : null,
    form({
      id: `${id}-form`,
      words,
      look: 'main',
      fields: [
        ...(uses ? [field('use', { words: t('backend.key.use'), options: ['SIGN', 'ENCRYPT'].map((use) => [use, t(`use.${use}`)]) })] : []),
        field('jwk', { words: t('key.jwk'), hint: t('key.jwk.hint'), lines: 4 }),
        ...(sealing ? [] : [field('proof', { words: t('key.proof'), hint: t(uses ? 'backend.key.proof.hint' : 'key.proof.hint'), lines: 3, optional: uses })]),
      ],
      work: ({ jwk, proof = '', use = '' }) => work({ jwk: publicKey(jwk), proof, use }),
    }),
  );
