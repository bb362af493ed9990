/** Test citizens of an organisation, in a sandbox city: whom to sign in as, and by which code. They are nobody. */
import { act } from '../common/city.js';
import { CITIZENS, NEW_CITIZEN, REMOVE_CITIZEN, RESET_CITIZEN, SIGN_IN_CODE } from '../common/documents.js';
import { h } from '../common/dom.js';
import { asked, heading, page } from '../common/page.js';
import { button, close, copied, facts, field, folded, form, note, section, things } from '../common/parts.js';
import { twice } from '../common/twice.js';
import { moment, t } from '../common/words.js';

const organisation = asked('id');
const AGES = ['ADULT', 'ELDER', 'MINOR', 'CHILD'];
const LEVELS = ['3', '4', '5', '2', '1'];
const RESIDENCES = ['MAINLAND', 'HONG_KONG', 'MACAO', 'TAIWAN'];
/** As the shell's sign-in takes it. */
const typed = (phone) => phone.replace(/^\+86/, '');
const { refresh } = page(CITIZENS, () => ({ organisation }), draw);

function draw({ developer, testCitizens, districts }) {
  const { name, role, blocked, apps } = developer.organisations.find(({ id }) => id === organisation);
  const builds = role !== 'READER' && !blocked;
  return [
    heading(t('citizens.title'), h('p', {}, name)),
    note(t('citizens.why'), 'lead'),
    testCitizens.length ? things(...testCitizens.map((one) => citizen(one, districts, builds ? apps : null))) : note(t('citizens.none')),
    builds ? making(districts, testCitizens.length > 0) : null,
  ];
}

/** @param {any[] | null} apps  that may forget them; null for who only reads */
const citizen = (one, districts, apps) =>
  h(
    'li',
    { class: 'thing', 'data-citizen': one.id },
    h('h2', { class: 'thing-head' }, one.name, h('span', { class: 'note' }, t('citizens.level', { level: one.realNameLevel }))),
    h('div', {}, note(t('citizens.phone')), copied(typed(one.phone), `${t('citizens.phone')} ${one.name}`)),
    apps ? codeOf(one) : null,
    facts([
      [t('citizens.age'), one.age === null ? t('citizens.age.unknown') : t('citizens.age.is', { age: one.age })],
      [t('citizens.district'), districts.find(({ code }) => code === one.homeDistrict)?.name ?? one.homeDistrict],
      [t('citizens.number'), one.idNumber],
      [t('citizens.since'), moment(one.createdAt)],
    ]),
    apps ? h('div', { class: 'acts' }, apps.length ? resetting(one, apps) : null, removing(one)) : null,
  );

/** What a real city would send: asked for each time, and never drawn again by itself. */
function codeOf({ id, name }) {
  const said = h('p', { class: 'sign-in-code', role: 'status' });
  return h(
    'div',
    {},
    button(
      `code-${id}`,
      t('citizens.code'),
      async () => {
        const { testCitizen } = await act(SIGN_IN_CODE, { id, organisation });
        const code = testCitizen.signInCode;
        said.replaceChildren(...(code ? [h('b', {}, code.code), ' ', t('citizens.code.until', { at: moment(code.expiresAt) })] : [t('citizens.code.none')]));
      },
      'quiet',
      `${t('citizens.code')} ${name}`,
    ),
    said,
  );
}

const resetting = ({ id, name }, apps) =>
  folded(
    `reset-${id}`,
    t('citizens.reset'),
    form({
      id: `reset-form-${id}`,
      words: t('citizens.reset'),
      look: 'quiet',
      fields: [field('app', { words: t('citizens.reset.app'), hint: t('citizens.reset.hint'), options: apps.map(({ appId, name: called }) => [appId, called]) })],
      work: async ({ app }) => {
        const sure = await twice({ title: t('citizens.reset.title', { name }), content: t('citizens.reset.why'), yes: t('citizens.reset') });
        if (sure === null) return;
        await act(RESET_CITIZEN, { id, app });
        close(`reset-${id}`);
        await refresh(t('citizens.reset.done'));
      },
    }),
  );

const removing = ({ id, name }) =>
  button(
    `remove-${id}`,
    t('citizens.remove'),
    async () => {
      const sure = await twice({ title: t('citizens.remove.title', { name }), content: t('citizens.remove.why'), yes: t('citizens.remove') });
      if (sure === null) return;
      await act(REMOVE_CITIZEN, { id, organisation });
      await refresh(t('citizens.remove.done'));
    },
    'quiet',
    `${t('citizens.remove')} ${name}`,
  );

/** The first one is asked for at once. */
function making(districts, more) {
  const made = form({
    id: 'citizen',
    words: t('citizens.make'),
    fields: [
      field('name', { words: t('citizens.name'), hint: t('citizens.name.hint'), maxlength: 60, optional: true }),
      field('age', { words: t('citizens.age'), graph: 'ageGroup', options: AGES.map((one) => [one, t(`citizens.age.${one}`)]) }),
      field('level', { words: t('citizens.real'), graph: 'realNameLevel', hint: t('citizens.real.hint'), options: LEVELS.map((one) => [one, t('citizens.level', { level: one })]) }),
      field('residence', { words: t('citizens.residence'), options: RESIDENCES.map((one) => [one, t(`citizens.residence.${one}`)]) }),
      field('district', { words: t('citizens.district'), options: [['', t('citizens.district.none')], ...districts.map(({ code, name }) => [code, name])] }),
    ],
    work: async ({ name, age, level, residence, district }) => {
      await act(NEW_CITIZEN, { organisation, name: name || null, age, level: Number(level), residence, district: district || null });
      document.getElementById('citizen').reset();
      if (more) close('new-citizen');
      await refresh(t('citizens.made'));
    },
  });
  return more ? folded('new-citizen', t('citizens.new'), made) : section('new-citizen', t('citizens.new'), made);
}
