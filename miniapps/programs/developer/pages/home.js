/** Who I am as somebody who builds: for whom, which programs, and which tools act for me. */
import { act } from '../common/city.js';
import { APPROVE_DEVICE, DENY_DEVICE, END_DEVICE, HOME, REGISTER } from '../common/documents.js';
import { h } from '../common/dom.js';
import { asked, go, heading, page } from '../common/page.js';
import { button, copied, field, folded, form, note, pill, row, rows, section } from '../common/parts.js';
import { twice } from '../common/twice.js';
import { moment, t } from '../common/words.js';

const ANSWERS_FOR_IT = new Set(['OWNER', 'ADMIN']);
const { refresh } = page(HOME, () => ({}), draw);

function draw({ developer, developerDevices: tools, organisations: elsewhere }) {
  if (!developer) return [heading(t('home.begin')), h('p', { class: 'lead' }, t('home.begin.why')), registering('register', elsewhere, true)];
  const mine = developer.organisations;
  return [
    heading(t('home.title')),
    mine.map(organisation),
    tooling(mine),
    tools.length ? section('tools', t('home.tools'), h('ul', { class: 'things' }, tools.map((one) => tool(one, mine)))) : null,
    folded('register-more', t('home.register.more'), registering('register', elsewhere, mine.every(({ kind }) => kind !== 'PERSON'))),
    h('div', { class: 'card' }, note(t('home.me', { id: '' })), copied(developer.id, '')),
  ];
}

const organisation = ({ id, name, kind, verified, blocked, role, rating, apps }) =>
  h(
    'section',
    { class: 'card', 'aria-labelledby': `name-${id}` },
    h('h2', { id: `name-${id}` }, name),
    h(
      'p',
      { class: 'marks' },
      verified ? pill('ok', t('verified')) : pill('plain', t('unverified')),
      h('span', {}, `${t(`kind.${kind}`)} · ${t(`role.${role}`)}`),
      h('span', {}, blocked ? t('home.blocked') : t('home.grade', rating)),
    ),
    blocked ? h('p', {}, pill('stop', t(`blocked.${blocked}`))) : null,
    apps.length ? null : note(t('home.apps.none')),
    rows(
      ...apps.map((app) => row(`app-${app.appId}`, app.name, `${app.appId} · ${t(`category.${app.category}`)}`, () => go('app', { app: app.appId }))),
      row(`manage-${id}`, t('home.manage'), '', () => go('organisation', { id })),
    ),
  );

/** What somebody reads off another screen, and nobody should read to them. */
function tooling(mine) {
  const may = mine.filter(({ blocked }) => !blocked);
  if (!may.length) return null;
  const code = asked('code').slice(0, 12);
  const deny = button('deny', t('home.tool.no'), async () => {
    await act(DENY_DEVICE, { code: document.getElementById('device-code').value.trim() });
    await refresh(t('home.tool.denied'));
  });
  const made = folded(
    'tool',
    t('home.tool'),
    note(t('home.tool.why')),
    form({
      id: 'device',
      words: t('home.tool.yes'),
      fields: [
        field('code', { words: t('home.tool.code'), value: code, maxlength: 12 }),
        field('organisation', { words: t('home.tool.for'), options: may.map(({ id, name }) => [id, name]) }),
      ],
      work: async ({ code: typed, organisation: whose }) => {
        const { name } = may.find(({ id }) => id === whose);
        const sure = await twice({ title: t('home.tool'), content: t('home.tool.sure', { name }), yes: t('home.tool.yes') });
        if (sure === null) return;
        await act(APPROVE_DEVICE, { code: typed, organisation: whose });
        clear('device-code');
        await refresh(t('home.tool.done'));
      },
      also: [deny],
    }),
  );
  if (code) made.setAttribute('open', '');
  return made;
}

const clear = (id) => (document.getElementById(id).value = '');

const tool = ({ id, organisation: whose, since, usedAt }, mine) =>
  h(
    'li',
    { class: 'thing' },
    h('p', { class: 'thing-head' }, mine.find((one) => one.id === whose)?.name ?? whose),
    note(t('home.tools.since', { since: moment(since), used: moment(usedAt) })),
    button(`end-${id}`, t('home.tools.end'), async () => {
      const sure = await twice({ title: t('home.tools.end.title'), content: t('home.tools.end.why'), yes: t('home.tools.end') });
      if (sure === null) return;
      await act(END_DEVICE, { id });
      await refresh(t('home.tools.ended'));
    }),
  );

/** @param {boolean} self  whether they may still register in their own name */
function registering(id, elsewhere, self) {
  const answered = elsewhere.filter(({ member }) => ANSWERS_FOR_IT.has(member.role)).map((one) => [one.id, one.name]);
  const options = [...(self ? [['', t('home.register.self')]] : []), ...answered];
  if (!options.length) return note(t('home.begin.why'));
  const made = form({
    id,
    words: t('home.register'),
    fields: [
      field('organisation', { words: t('home.register.for'), options }),
      ...(self ? [field('name', { words: t('home.register.name'), hint: t('home.register.name.hint'), maxlength: 60 })] : []),
    ],
    work: async ({ organisation: whose, name = '' }) => {
      const { registerDeveloper: made } = await act(REGISTER, { organisation: whose || null, name: whose ? null : name });
      await refresh(t('home.registered', { name: made.name }));
    },
  });
  if (self) named(made);
  return made;
}

/** An organisation is called as the register calls it. */
function named(made) {
  const [whose, name] = [made.elements.organisation, made.elements.name];
  const fit = () => {
    name.disabled = whose.value !== '';
    name.closest('.field').hidden = name.disabled;
  };
  whose.addEventListener('change', fit);
  fit();
}
