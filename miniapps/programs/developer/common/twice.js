/** What cannot be taken back is asked twice, by the host: first what it means, then whether they are sure, or why. */
import { mp } from '../app.js';
import { Refused } from './city.js';
import { t } from './words.js';

/**
 * @param {{ title: string, content: string, yes: string, reason?: boolean }} of  yes: what the last button does
 * @returns {Promise<string | null>}  the reason, empty where none is asked for; null: they would rather not
 */
export async function twice({ title, content, yes, reason = false }) {
  const first = await mp.showModal({ title, content, confirmText: t('twice.next') });
  if (!first.confirm) return null;
  if (!reason) {
    const sure = await mp.showModal({ title: t('twice.sure'), content: title, confirmText: yes.slice(0, 20) });
    return sure.confirm ? '' : null;
  }
  const said = await mp.showModal({ title: t('twice.why'), editable: true, placeholderText: t('twice.why.hint'), confirmText: yes.slice(0, 20) });
  if (!said.confirm) return null;
  const why = (said.content ?? '').trim();
  if (!why) throw new Refused(t('work.reason'));
  return why.slice(0, 500);
}
