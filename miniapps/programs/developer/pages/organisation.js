/** For whom one builds: how far the city trusts them, their programs, their keys, who builds with them. */
import { act } from '../common/city.js';
import { ADD_KEY, CHANGE_MEMBER, INVITE_MEMBER, ORGANISATION, REGISTER_APP, REMOVE_MEMBER, RETIRE_KEY, ROTATE_KEY, WITHDRAW_INVITATION } from '../common/documents.js';
import { h } from '../common/dom.js';
import { keyForm, keyList } from '../common/keys.js';
import { asked, go, heading, page } from '../common/page.js';
import { button, close, field, folded, form, note, pill, row, rows, section } from '../common/parts.js';
import { twice } from '../common/twice.js';
import { moment, percent, t } from '../common/words.js';

const CATEGORIES = ['LIVING', 'GOVERNMENT', 'TRANSPORT', 'HEALTH', 'EDUCATION', 'ENVIRONMENT', 'CULTURE', 'COMMERCE', 'OTHER'];
const ROLES = ['DEVELOPER', 'READER', 'OWNER'];
const id = asked('id');
const { refresh } = page(ORGANISATION, () => ({}), draw);

function draw({ developer }) {
  const mine = developer?.organisations.find((one) => one.id === id);
  if (!mine) return [heading(t('home.title')), h('p', { class: 'lead' }, t('home.apps.none'))];
  const owner = mine.role === 'OWNER' && !mine.blocked;
  return [
    heading(
      mine.name,
      h('p', { class: 'pills' }, mine.verified ? pill('ok', t('verified')) : pill('plain', t('unverified')), ` ${t(`kind.${mine.kind}`)} · ${t(`role.${mine.role}`)}`),
      mine.blocked ? h('p', {}, pill('stop', t(`blocked.${mine.blocked}`))) : null,
    ),
    rated(mine),
    programs(mine, owner),
    keys(mine, owner),
    members(mine, owner, developer.id),
    developer.sandbox ? h('div', { class: 'ways' }, rows(row('citizens', t('citizens.title'), t('citizens.what'), () => go('citizens', { id })))) : null,
  ];
}

const rated = ({ rating, ratedBecause }) =>
  section(
    'rating',
    t('org.rating'),
    h('div', { class: 'card' }, h('p', { class: 'grade' }, h('b', {}, t('org.grade', rating)), h('span', {}, t('org.score', rating))),
      h('ul', { class: 'reasons' }, rating.reasons.map((reason) => h('li', {}, reason))),
      ratedBecause ? h('p', {}, t('org.because', { reason: ratedBecause })) : null,
      note(t('org.allows', { apps: rating.appsMax, submissions: rating.submissionsPerDay, percent: percent(rating.rolloutBeginsPercentMax) })),
    ),
  );

const programs = ({ apps }, owner) =>
  section(
    'apps',
    t('org.apps'),
    apps.length ? rows(...apps.map((app) => row(`app-${app.appId}`, app.name, `${app.appId} · ${t(`category.${app.category}`)}`, () => go('app', { app: app.appId })))) : note(t('home.apps.none')),
    owner
      ? folded(
          'new-app',
          t('org.app.new'),
          form({
            id: 'app-form',
            words: t('org.app.register'),
            fields: [
              field('app', { words: t('org.app.id'), hint: t('org.app.id.hint'), maxlength: 128 }),
              field('zh', { words: t('org.app.zh'), graph: 'names names.zh-CN', maxlength: 60 }),
              field('en', { words: t('org.app.en'), graph: 'names.en', maxlength: 60, optional: true }),
              field('category', { words: t('org.app.category'), options: CATEGORIES.map((one) => [one, t(`category.${one}`)]) }),
            ],
            work: async ({ app, zh, en, category }) => {
              await act(REGISTER_APP, { organisation: id, app, category, names: { 'zh-CN': zh, ...(en && { en }) } });
              close('new-app');
              await refresh(t('org.app.registered'));
            },
          }),
        )
      : null,
  );

function keys({ keys: mine }, owner) {
  const rotate = ({ id: old }) =>
    keyForm({
      id: `rotate-${old}`,
      words: t('key.rotate'),
      why: t('key.rotate.why'),
      work: async ({ jwk, proof }) => {
        await act(ROTATE_KEY, { organisation: id, jwk, proof, retires: old });
        await refresh(t('key.added'));
      },
    });
  const retire = async (key) => {
    await act(RETIRE_KEY, { organisation: id, key });
    await refresh(t('key.retire.now'));
  };
  const add = async ({ jwk, proof }) => {
    await act(ADD_KEY, { organisation: id, jwk, proof });
    close('add-key');
    await refresh(t('key.added'));
  };
  return section(
    'keys',
    t('org.keys'),
    note(t('org.keys.why')),
    mine.length ? keyList(mine, owner ? { rotate, retire } : null) : note(t('org.keys.none')),
    owner ? keyForm({ id: 'add-key', words: t('key.add'), work: add }) : null,
  );
}

function members({ members: all, invitations, kind }, owner, me) {
  const own = kind === 'PERSON';
  return section(
    'members',
    t('org.members'),
    own ? null : note(t('org.members.elsewhere')),
    h('ul', { class: 'things' }, all.map((one) => member(one, owner && own && one.id !== me, me))),
    invitations.length ? h('ul', { class: 'things', id: 'invited' }, invitations.map((one) => invited(one, owner))) : null,
    owner && own
      ? folded(
          'add-member',
          t('org.member.add'),
          form({
            id: 'member',
            words: t('org.member.add'),
            fields: [
              field('who', { words: t('org.member.id'), hint: t('org.member.id.hint'), maxlength: 64 }),
              field('role', { words: t('org.member.role'), options: ROLES.map((role) => [role, t(`role.${role}`)]) }),
            ],
            work: async ({ who, role }) => {
              const there = all.some((one) => one.id === who);
              await act(there ? CHANGE_MEMBER : INVITE_MEMBER, { organisation: id, developer: who, role });
              close('add-member');
              await refresh(t(there ? 'org.member.changed' : 'org.member.asked'));
            },
          }),
        )
      : null,
  );
}

const invited = ({ id: one, developer: who, role, expiresAt, declined }, owner) =>
  h(
    'li',
    { class: 'thing' },
    h('p', { class: 'thing-head' }, h('code', {}, who), h('span', {}, t(`role.${role}`))),
    note(t(declined ? 'org.member.declined' : 'org.member.waits', { until: moment(expiresAt) })),
    owner && !declined
      ? button(
          `withdraw-${one}`,
          t('org.member.withdraw'),
          async () => {
            await act(WITHDRAW_INVITATION, { id: one });
            await refresh(t('org.member.withdrawn'));
          },
          'quiet',
          `${t('org.member.withdraw')} ${who}`,
        )
      : null,
  );

const member = ({ id: who, role }, removable, me) =>
  h(
    'li',
    { class: 'thing' },
    h('p', { class: 'thing-head' }, who === me ? t('org.member.me') : h('code', {}, who), h('span', {}, t(`role.${role}`))),
    removable
      ? button(
          `remove-${who}`,
          t('org.member.remove'),
          async () => {
            const sure = await twice({ title: t('org.member.remove.title'), content: t('org.member.remove.why'), yes: t('org.member.remove') });
            if (sure === null) return;
            await act(REMOVE_MEMBER, { organisation: id, developer: who });
            await refresh(t('org.member.removed'));
          },
          'quiet',
          `${t('org.member.remove')} ${who}`,
        )
      : null,
  );
