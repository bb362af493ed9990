/** One version: what was found in it, how far it has come, and what may be done with it now. */
import { mp } from '../app.js';
import { act } from '../common/city.js';
import { bricks } from '../common/bricks.js';
import { claimName, inOrder } from '../common/claims.js';
import { PAUSE, PROMOTE, RESUME, REVOKE, ROLL_BACK, START, SUBMIT, TRY, VERSION, WIDEN, WITHDRAW } from '../common/documents.js';
import { h } from '../common/dom.js';
import { asked, go, heading, page } from '../common/page.js';
import { button, copied, facts, field, folded, form, note, pill, row, rows, section, tick, versionPill } from '../common/parts.js';
import { twice } from '../common/twice.js';
import { kilobytes, moment, percent, t } from '../common/words.js';

const [id, app] = [asked('id'), asked('app')];
const SEVERITIES = { ERROR: 'stop', WARNING: 'warn', NOTE: 'plain' };
const UNDECIDED = new Set(['DRAFT', 'SUBMITTED', 'CHECKING', 'IN_REVIEW', 'APPROVED']);
const WAITING = new Set(['DRAFT', 'SUBMITTED', 'CHECKING']);
const RUNS = new Set(['ROLLING', 'RELEASED']);
const FIRST_PERCENT = 5;

const { refresh } = page(VERSION, () => ({ id, app }), draw);

function draw({ miniVersion: version, developerApp: { name, organisation } }) {
  const { rollout } = version;
  const builds = organisation.role !== 'READER';
  return [
    heading(
      t('version.title', { name: version.versionName }),
      h('p', {}, `${name} · ${t('version.code', { code: version.versionCode })}`),
      h('p', {}, versionPill(version.state), rollout?.paused ? ` · ${t('version.paused')}` : ''),
    ),
    rollout ? laid(rollout) : null,
    builds ? now(version, organisation.rating.rolloutBeginsPercentMax) : null,
    findings(version),
    permissions(version),
    h('div', { class: 'ways' }, rows(row('changes', t('changes.title'), t('changes.what'), () => go('changes', { id, app })))),
    from(version.origin),
    section('steps', t('version.steps'), h('ol', { class: 'steps' }, version.steps.map(step))),
    contents(version),
  ];
}

const laid = ({ percent: reached, paused, cohort }) =>
  h('div', {}, bricks(cohort ? 0 : reached, paused), note(cohort ? t('version.testers') : t('version.share', { percent: percent(reached) })));

// --- what may be done

function now(version, most) {
  if (version.state === 'REJECTED') return note(t('version.again'), 'lead');
  const may = acts(version, most);
  return may.length ? section('now', t('version.now'), h('div', { class: 'stack' }, may)) : null;
}

function acts(version, most) {
  const { state, rollout } = version;
  return [
    state === 'DRAFT' ? [submitting(version), simple('try', TRY)] : [],
    state === 'APPROVED' ? starting(most) : [],
    state === 'ROLLING' ? rolling(rollout) : [],
    RUNS.has(state) ? grave('rollBack', ROLL_BACK) : [],
    RUNS.has(state) || state === 'SUPERSEDED' ? grave('revoke', REVOKE) : [],
    UNDECIDED.has(state) ? simple('withdraw', WITHDRAW) : [],
  ].flat();
}

async function done(words) {
  await refresh(t(`${words}.done`));
}

/** A button that is asked about twice. */
const simple = (words, documentId, look = 'quiet') =>
  button(`act-${words}`, t(`${words}.words`), async () => {
    const sure = await twice({ title: t(`${words}.title`), content: t(`${words}.why`), yes: t(`${words}.words`) });
    if (sure === null) return;
    await act(documentId, { id });
    await done(words);
  }, look);

/** One that takes something from citizens, who may read why. */
const grave = (words, documentId) =>
  button(`act-${words}`, t(`${words}.words`), async () => {
    const reason = await twice({ title: t(`${words}.title`), content: t(`${words}.why`), yes: t(`${words}.words`), reason: true });
    if (reason === null) return;
    await act(documentId, { id, reason });
    await done(words);
  }, 'quiet grave');

const submitting = ({ notes }) =>
  form({
    id: 'submit',
    words: t('submit.words'),
    fields: [
      field('notes', { words: t('version.notes'), value: notes, lines: 3, optional: true, maxlength: 4000 }),
      field('test', { words: t('submit.test'), graph: 'testAccount', hint: t('submit.test.hint'), optional: true, maxlength: 500 }),
    ],
    work: async ({ notes: said, test }) => {
      const sure = await twice({ title: t('submit.title'), content: t('submit.why'), yes: t('submit.words') });
      if (sure === null) return;
      await act(SUBMIT, { id, notes: said || null, testAccount: test || null });
      await done('submit');
    },
  });

const share = (words, { least, most, value, hint }) =>
  field('percent', { words, hint, type: 'number', inputmode: 'decimal', min: String(least), max: String(most), step: '0.01', value: String(value) });

const starting = (most) =>
  form({
    id: 'start',
    words: t('start.words'),
    fields: [
      share(t('start.percent'), { least: 0.01, most, value: Math.min(most, FIRST_PERCENT), hint: t('start.percent.hint', { most: percent(most) }) }),
      tick('testers', t('start.testers')),
    ],
    work: async ({ percent: wanted, testers }) => {
      const title = testers ? t('start.title.testers') : t('start.title', { percent: percent(Number(wanted)) });
      const sure = await twice({ title, content: t('start.why'), yes: t('start.words') });
      if (sure === null) return;
      await act(START, { id, percent: Number(wanted), cohort: testers ? 'testers' : null });
      await done('start');
    },
  });

const rolling = ({ percent: reached, paused }) => [
  form({
    id: 'widen',
    words: t('widen.words'),
    fields: [share(t('widen.percent'), { least: reached, most: 100, value: Math.min(100, Math.max(1, reached * 2)), hint: t('widen.percent.hint', { least: percent(reached) }) })],
    work: async ({ percent: wanted }) => {
      const sure = await twice({ title: t('widen.title', { percent: percent(Number(wanted)) }), content: t('widen.why'), yes: t('widen.words') });
      if (sure === null) return;
      await act(WIDEN, { id, percent: Number(wanted) });
      await done('widen');
    },
  }),
  simple('promote', PROMOTE),
  paused ? simple('resume', RESUME) : simple('pause', PAUSE),
];

// --- what is known of it

function findings({ findings: all, state }) {
  const none = note(t(WAITING.has(state) ? 'version.findings.wait' : 'version.findings.none'));
  return section('findings', t('version.findings'), all.length ? h('ul', { class: 'things' }, all.map(finding)) : none);
}

const finding = ({ rule, severity, path, line, column, message, advice, docs, by }, at) =>
  h(
    'li',
    { class: 'thing', 'data-severity': severity },
    h('p', { class: 'thing-head' }, pill(SEVERITIES[severity], t(`severity.${severity}`)), h('span', { class: 'note' }, [rule && t('version.rule', { rule }), t(`by.${by}`)].filter(Boolean).join(' · '))),
    h('p', {}, message),
    path ? h('p', {}, h('code', {}, t('version.where', { path, line, column }))) : null,
    advice ? note(t('version.advice', { advice })) : null,
    /^https:/.test(docs) ? button(`docs-${at}`, t('version.docs'), () => explained(docs), 'tell', t('version.docs.of', { rule })) : null,
  );

/** Outside of the city: the reader sees the address first, and may think better of it. */
const explained = (url) => mp.openURL({ url }).catch(() => {});

function permissions({ asked: wanted, granted, state }) {
  const decided = !UNDECIDED.has(state) || state === 'APPROVED';
  const stands = (name) =>
    granted.includes(name) ? pill('ok', t('version.granted')) : decided ? pill('stop', t('version.refused')) : pill('wait', t('version.undecided'));
  return section(
    'permissions',
    t('version.permissions'),
    wanted.length ? facts(wanted.map((name) => [name, stands(name)])) : note(t('version.permissions.none')),
  );
}

/** The run that handed it in; nothing where somebody did. */
const from = (origin) =>
  origin &&
  section(
    'origin',
    t('version.origin'),
    note(t('version.origin.why')),
    facts([...inOrder(origin.claims).map(([name, value]) => [claimName(name), h('code', {}, value)]), [t('publishers.issuer'), h('code', {}, origin.issuer)], [t('version.origin.by'), h('code', {}, origin.publisher)]]),
  );

const step = ({ act: what, by, at, note: said }) =>
  h('li', {}, h('p', {}, t(`act.${what}`)), h('p', { class: 'note' }, h('time', { datetime: at }, moment(at)), ` · ${t(`by.${by}`)}`), said ? note(said) : null);

const contents = ({ packageSha256, bytes, notes, notBefore, state }) =>
  folded(
    'package',
    t('version.facts'),
    facts([
      [t('version.bytes'), kilobytes(bytes)],
      [t('version.notBefore'), notBefore && moment(notBefore)],
      [t('version.notes'), state === 'DRAFT' ? '' : notes],
      [t('version.sha'), copied(packageSha256, t('version.sha'))],
    ]),
  );
