/** What the city told a program's backend and what waits: how often it tried, what was answered last, and telling it again. */
import { act } from '../common/city.js';
import { DELIVERIES, TELL_AGAIN, TEST_WEBHOOK } from '../common/documents.js';
import { h } from '../common/dom.js';
import { asked, heading, page } from '../common/page.js';
import { button, note, paged, pill, section, things } from '../common/parts.js';
import { moment, number, t } from '../common/words.js';

const app = asked('app');
const LOOKS = { PENDING: 'wait', DELIVERED: 'ok', DEAD: 'stop' };
const wanted = (after = null) => ({ app, after });
const { refresh } = page(DELIVERIES, wanted, draw);

function draw({ developerApp: { name, organisation, webhook, webhookDeliveries } }) {
  const tells = organisation.role !== 'READER' && !organisation.blocked && webhook !== null && webhook.state !== 'DISABLED';
  return [
    heading(t('deliveries.title'), h('p', {}, name)),
    webhook ? h('p', {}, h('code', {}, webhook.url)) : note(t('deliveries.nowhere'), 'lead'),
    h('div', { class: 'acts' }, button('look', t('deliveries.look'), () => refresh()), tells ? button('test', t('deliveries.test'), testing) : null),
    section('told', t('deliveries.told'), list(webhookDeliveries, tells), note(t('deliveries.kept'))),
  ];
}

const list = (told, tells) =>
  told.nodes.length
    ? paged(told, { into: things, line: (one) => line(one, tells), ask: async (after) => (await act(DELIVERIES, wanted(after))).developerApp.webhookDeliveries })
    : h('p', { class: 'lead', role: 'status' }, t('deliveries.none'));

const line = (one, tells) =>
  h(
    'li',
    { class: 'thing', 'data-state': one.state },
    h('p', { class: 'thing-head' }, t(`event.${one.type}`) ?? one.type, pill(LOOKS[one.state], t(`delivery.${one.state}`))),
    note([moment(one.createdAt), tries(one)].join(' · ')),
    h('p', {}, answer(one), one.nextAt && one.attempts ? ` · ${t('delivery.next', { at: moment(one.nextAt) })}` : ''),
    h('p', {}, h('code', {}, one.id)),
    tells && one.state !== 'PENDING' ? button(`again-${one.id}`, t('delivery.again'), () => again(one.id), 'quiet', t('delivery.again.of', { id: one.id })) : null,
  );

const tries = ({ attempts }) => t(attempts ? 'delivery.tries' : 'delivery.untried', { n: number(attempts) });

function answer({ attempts, lastStatus }) {
  if (lastStatus !== null) return t('delivery.answered', { status: String(lastStatus) });
  return t(attempts ? 'delivery.unanswered' : 'delivery.soon');
}

async function again(id) {
  await act(TELL_AGAIN, { app, id });
  await refresh(t('delivery.again.done'));
}

async function testing() {
  await act(TEST_WEBHOOK, { app });
  await refresh(t('deliveries.test.done'));
}
