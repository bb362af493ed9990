/** What a version changes against what runs, or against another version: as text, nothing of a package is drawn or run. */
import { CHANGES } from '../common/documents.js';
import { h } from '../common/dom.js';
import { asked, heading, page } from '../common/page.js';
import { choice, folded, note, section } from '../common/parts.js';
import { kilobytes, t } from '../common/words.js';

const [id, app] = [asked('id'), asked('app')];
const RUNS = '';
let from = RUNS;
const { refresh } = page(CHANGES, () => ({ id, app, from: from || null }), draw);

function draw({ miniVersion: { versionName, difference }, developerApp: { name, versions } }) {
  const others = versions.nodes.filter((one) => one.id !== id);
  return [
    heading(t('changes.title'), h('p', {}, `${name} · ${t('version.title', { name: versionName })}`)),
    choice('from', t('changes.from'), from, [[RUNS, t('changes.from.runs')], ...others.map(called)], (one) => {
      from = one;
      refresh();
    }),
    from === RUNS && fromNothing(difference) ? note(t('changes.first')) : null,
    changes(difference),
  ];
}

const called = (one) => [one.id, `${one.versionName} (${one.versionCode})`];

/** Nothing runs: every manifest names its program. */
const fromNothing = ({ manifest }) => manifest.some(({ name, before }) => name === 'app_id' && before === null);

function changes({ manifest, permissions, domains, operations, files, cut }) {
  const parts = [sides('permissions', permissions), sides('domains', domains), sides('operations', operations), members(manifest), contents(files, cut)].filter(Boolean);
  return parts.length ? parts : [h('p', { class: 'lead', role: 'status' }, t('changes.none'))];
}

function sides(what, { added, removed }) {
  if (!added.length && !removed.length) return null;
  const row = (one, side) => h('li', {}, h('b', {}, t(`changes.${side}`)), ' ', h('code', {}, one));
  return section(what, t(`changes.${what}`), h('ul', { class: 'sides' }, added.map((one) => row(one, 'added')), removed.map((one) => row(one, 'removed'))));
}

const members = (all) =>
  all.length
    ? section('manifest', t('changes.manifest'), all.map(({ name, before, after }, at) =>
        folded(`member-${at}`, h('code', {}, name), diff([...lined(before, '-'), ...lined(after, '+')]))))
    : null;

const lined = (value, sign) => (value === null ? [] : JSON.stringify(value, null, 2).split('\n').map((line) => `${sign}${line}`));

function contents(files, cut) {
  if (!files.length) return null;
  return section('files', t('changes.files', { n: files.length }), files.map(file), cut ? note(t('changes.cut')) : null);
}

const file = ({ path, before, after, lines }, at) => {
  const words = [h('code', {}, path), ` · ${sizes(before, after)}`];
  return lines.length ? folded(`file-${at}`, words, diff(lines)) : h('p', { class: 'unread' }, words, ` · ${t('changes.unread')}`);
};

function sizes(before, after) {
  if (before === null) return t('changes.new', { size: kilobytes(after) });
  if (after === null) return t('changes.gone', { size: kilobytes(before) });
  return t('changes.sizes', { before: kilobytes(before), after: kilobytes(after) });
}

/** The sign at the beginning of a line says what its look says. A wide one is scrolled by keys, too. */
const diff = (lines) => h('pre', { class: 'diff', tabindex: '0', role: 'group', 'aria-label': t('changes.lines') }, lines.map(line));
const KINDS = { '+': 'came', '-': 'went', '@': 'at' };
const line = (text) => h('span', { class: KINDS[text[0]] ?? 'same' }, `${text}\n`);
