/** A program's backend: domains that are proved to be its own, its keys, where the city calls it, what it may ask in a day. */
import { act } from '../common/city.js';
import { ADD_APP_KEY, BACKEND, CHECK_DOMAIN, PROVE_DOMAIN, RETIRE_APP_KEY, ROTATE_APP_KEY, SET_WEBHOOK } from '../common/documents.js';
import { h, svg } from '../common/dom.js';
import { keyForm, keyList } from '../common/keys.js';
import { asked, go, heading, page } from '../common/page.js';
import { button, close, copied, field, folded, form, note, pill, row, rows, section } from '../common/parts.js';
import { twice } from '../common/twice.js';
import { moment, number, t } from '../common/words.js';

const app = asked('app');
const LOOKS = { PENDING: 'wait', PROVED: 'ok', FAILED: 'stop', ACTIVE: 'ok', FAILING: 'warn', DISABLED: 'stop' };
const { refresh } = page(BACKEND, () => ({ app }), draw);

function draw({ developerApp: { name, organisation, domains, backendKeys, webhook, quotas } }) {
  const { role } = organisation;
  return [heading(t('backend.title'), h('p', {}, name)), proving(domains, role !== 'READER'), keys(backendKeys, role === 'OWNER'), calling(webhook, role !== 'READER'), used(quotas)];
}

// --- domains

const proving = (domains, builds) =>
  section(
    'domains',
    t('domain.title'),
    domains.length ? h('ul', { class: 'things' }, domains.map((one) => domain(one, builds))) : note(t('domain.none')),
    builds
      ? folded(
          'add-domain',
          t('domain.add'),
          form({
            id: 'domain',
            words: t('domain.add'),
            fields: [field('name', { words: t('domain.name'), hint: t('domain.name.hint'), inputmode: 'url', maxlength: 253 })],
            work: async ({ name }) => {
              await act(PROVE_DOMAIN, { app, domain: name });
              close('add-domain');
              await refresh(t('domain.begun'));
            },
          }),
        )
      : null,
  );

const domain = ({ id, domain: name, state, method, token, dnsName, wellKnownUrl }, builds) =>
  h(
    'li',
    { class: 'thing' },
    h('h3', { class: 'thing-head' }, name, pill(LOOKS[state], t(`domain.${state}`))),
    state === 'PROVED'
      ? note(method ? t(`domain.by.${method}`) : '')
      : h(
          'div',
          { class: 'things' },
          h('div', {}, h('p', {}, t('domain.token')), copied(token, t('domain.token'))),
          h('p', {}, t('domain.how')),
          h('div', {}, h('p', {}, t('domain.dns')), note(t('domain.dns.name')), copied(dnsName, t('domain.dns.name'))),
          h('div', {}, h('p', {}, t('domain.file')), note(t('domain.file.where')), copied(wellKnownUrl, t('domain.file.where'))),
        ),
    builds ? button(`check-${id}`, t('domain.check'), () => check(id), 'quiet', `${t('domain.check')} ${name}`) : null,
  );

async function check(id) {
  const { checkDomain } = await act(CHECK_DOMAIN, { id });
  await refresh(t(checkDomain.state === 'PROVED' ? 'domain.check.proved' : 'domain.check.no'));
}

// --- keys

function keys(all, owner) {
  const rotate = ({ id: old, use }) =>
    keyForm({
      id: `rotate-${old}`,
      words: t('key.rotate'),
      why: t('key.rotate.why'),
      sealing: use === 'ENCRYPT',
      work: async ({ jwk, proof }) => {
        await act(ROTATE_APP_KEY, { app, jwk, use, retires: old, proof: proof || null });
        await refresh(t('key.added'));
      },
    });
  const retire = async (key) => {
    await act(RETIRE_APP_KEY, { app, key });
    await refresh(t('key.retire.now'));
  };
  const add = async ({ jwk, proof, use }) => {
    await act(ADD_APP_KEY, { app, jwk, use, proof: proof || null });
    close('add-key');
    await refresh(t('key.added'));
  };
  return section(
    'keys',
    t('backend.keys'),
    note(t('backend.keys.why')),
    all.length ? keyList(all, owner ? { rotate, retire } : null) : note(t('backend.keys.none')),
    owner ? keyForm({ id: 'add-key', words: t('key.add'), uses: true, work: add }) : null,
  );
}

// --- what the city tells it

const calling = (webhook, builds) =>
  section(
    'webhook',
    t('webhook.title'),
    note(t('webhook.why')),
    webhook
      ? h(
          'div',
          { class: 'thing' },
          h('p', { class: 'thing-head' }, h('code', {}, webhook.url), pill(LOOKS[webhook.state], t(`webhook.${webhook.state}`))),
          webhook.disabledAt ? note(t('webhook.disabled', { at: moment(webhook.disabledAt) })) : null,
          webhook.failingSince && !webhook.disabledAt ? note(t('webhook.failing', { at: moment(webhook.failingSince) })) : null,
          builds ? button('webhook-end', t('webhook.end'), ending) : null,
        )
      : null,
    rows(row('deliveries', t('deliveries.title'), t('deliveries.what'), () => go('deliveries', { app }))),
    builds
      ? folded(
          'set-webhook',
          t(webhook ? 'webhook.change' : 'webhook.set'),
          form({
            id: 'webhook-form',
            words: t('webhook.save'),
            fields: [field('url', { words: t('webhook.url'), hint: t('webhook.url.hint'), value: webhook?.url ?? '', inputmode: 'url', maxlength: 2048 })],
            work: async ({ url }) => {
              await act(SET_WEBHOOK, { app, url });
              close('set-webhook');
              await refresh(t('webhook.saved'));
            },
          }),
        )
      : null,
  );

async function ending() {
  const sure = await twice({ title: t('webhook.end.title'), content: t('webhook.end.why'), yes: t('webhook.end') });
  if (sure === null) return;
  await act(SET_WEBHOOK, { app, url: null });
  await refresh(t('webhook.ended'));
}

// --- quotas

const used = (quotas) =>
  section(
    'quotas',
    t('quota.title'),
    h('ul', { class: 'things' }, quotas.map(({ name, perDay, used: spent }) =>
      h(
        'li',
        { class: 'thing' },
        h('p', { class: 'thing-head' }, t(`quota.${name}`) ?? name, h('span', { class: 'note' }, t('quota.used', { used: number(spent), most: number(perDay) }))),
        svg('svg', { class: 'share', viewBox: '0 0 100 6', preserveAspectRatio: 'none', 'aria-hidden': 'true' }, svg('rect', { class: 'bed', width: 100, height: 6 }), svg('rect', { class: 'bar', width: perDay ? Math.min(100, (100 * spent) / perDay).toFixed(1) : 0, height: 6 })),
      ))),
  );
