/** What runs of a program wrote down, by level and version; the city has taken personal data out of it. */
import { act } from '../common/city.js';
import { LOGS } from '../common/documents.js';
import { h } from '../common/dom.js';
import { asked, heading, page } from '../common/page.js';
import { choice, note, paged, pill, things } from '../common/parts.js';
import { moment, t } from '../common/words.js';

const app = asked('app');
const LEVELS = ['ERROR', 'WARN', 'INFO'];
const LOOKS = { ERROR: 'stop', WARN: 'warn', INFO: 'plain' };
let [level, versionCode] = [null, null];
const wanted = (after = null) => ({ app, after, level, versionCode });
const { refresh } = page(LOGS, wanted, draw);

const again = (set) => (value) => {
  set(value);
  refresh();
};

function draw({ developerApp: { name, versions, logs } }) {
  const all = ['', t('logs.all')];
  const codes = [...new Map(versions.nodes.map((one) => [one.versionCode, one.versionName]))];
  return [
    heading(t('logs.title'), h('p', {}, name)),
    h(
      'div',
      { class: 'choices' },
      choice('level', t('logs.level'), level ?? '', [all, ...LEVELS.map((one) => [one, t(`level.${one}`)])], again((one) => (level = one || null))),
      choice('version', t('logs.version'), String(versionCode ?? ''), [all, ...codes.map(([code, called]) => [String(code), `${called} (${code})`])], again((one) => (versionCode = one ? Number(one) : null))),
    ),
    list(logs),
    note(t('logs.kept')),
  ];
}

const list = (logs) =>
  logs.nodes.length
    ? paged(logs, { into: things, line, ask: async (after) => (await act(LOGS, wanted(after))).developerApp.logs })
    : h('p', { class: 'lead', role: 'status' }, t('logs.none'));

const line = ({ level: how, at, versionCode: code, text, code: error }) =>
  h(
    'li',
    { class: 'thing' },
    h('p', { class: 'thing-head' }, pill(LOOKS[how], t(`level.${how}`)), h('span', { class: 'note' }, h('time', { datetime: at }, moment(at)), ` · ${t('logs.at', { code })}`)),
    h('p', { class: 'log' }, h('code', {}, text)),
    error ? h('p', {}, h('code', {}, error)) : null,
  );
