/** A program: its versions, the last one first, and the ways to all else about it. */
import { act } from '../common/city.js';
import { APP, FILE, INVITE } from '../common/documents.js';
import { h } from '../common/dom.js';
import { asked, go, heading, page } from '../common/page.js';
import { button, field, folded, form, note, paged, pill, row, rows, section, versionPill } from '../common/parts.js';
import { twice } from '../common/twice.js';
import { moment, percent, t } from '../common/words.js';

const app = asked('app');
const FILINGS = { PENDING: 'wait', FILED: 'ok', REFUSED: 'stop' };
const { refresh } = page(APP, () => ({ app, after: null }), draw);

function draw({ developerApp: mine, districts }) {
  const builds = mine.organisation.role !== 'READER' && !mine.organisation.blocked;
  return [
    heading(mine.name, h('p', {}, h('code', {}, mine.appId), ` · ${t(`category.${mine.category}`)}`), h('p', {}, mine.organisation.name)),
    section('versions', t('app.versions'), versions(mine.versions)),
    h('div', { class: 'ways' },
      rows(
        row('figures', t('app.figures'), t('app.figures.what'), () => go('figures', { app })),
        row('logs', t('app.logs'), t('app.logs.what'), () => go('logs', { app })),
        row('backend', t('app.backend'), t('app.backend.what'), () => go('backend', { app })),
        row('publishers', t('publishers.title'), t('publishers.what'), () => go('publishers', { app })),
        row('templates', t('app.templates'), t('app.templates.what'), () => go('templates', { app })),
      ),
    ),
    testers(mine.testers, builds),
    filings(mine.filings, districts, builds),
  ];
}

const versions = (found) =>
  found.nodes.length
    ? paged(found, { into: rows, line: version, ask: async (after) => (await act(APP, { app, after })).developerApp.versions })
    : note(t('app.versions.none'));

const version = ({ id, versionName, versionCode, state, createdAt, rollout }) =>
  row(
    `version-${id}`,
    h('span', {}, t('version.title', { name: versionName }), h('span', { class: 'optional' }, ` ${t('version.code', { code: versionCode })}`)),
    [moment(createdAt), rollout && (rollout.cohort ? t('version.testers') : t('version.share', { percent: percent(rollout.percent) })), rollout?.paused && t('version.paused')].filter(Boolean).join(' · '),
    () => go('version', { id, app }),
    versionPill(state),
  );

const testers = (all, builds) =>
  section(
    'testers',
    t('app.testers'),
    note(t(all.length ? 'app.testers.why' : 'app.testers.none')),
    all.length ? h('ul', { class: 'things' }, all.map((openid) => tester(openid, builds))) : null,
    builds
      ? folded(
          'invite',
          t('app.tester.add'),
          form({
            id: 'tester',
            words: t('app.tester.add'),
            fields: [field('openid', { words: t('app.tester.id'), hint: t('app.testers.why'), maxlength: 64 })],
            work: async ({ openid }) => {
              await act(INVITE, { app, openid, invited: true });
              document.getElementById('tester').reset();
              await refresh(t('app.tester.added'));
            },
          }),
        )
      : null,
  );

const tester = (openid, builds) =>
  h(
    'li',
    { class: 'thing' },
    h('code', {}, openid),
    builds
      ? button(
          `uninvite-${openid}`,
          t('app.tester.remove'),
          async () => {
            await act(INVITE, { app, openid, invited: false });
            await refresh(t('app.tester.removed'));
          },
          'quiet',
          `${t('app.tester.remove')} ${openid}`,
        )
      : null,
  );

function filings(all, districts, builds) {
  const names = new Map(districts.map(({ code, name }) => [code, name]));
  const open = districts.filter(({ code }) => !all.some(({ district, state }) => district === code && state !== 'REFUSED'));
  return section(
    'filings',
    t('app.filings'),
    all.length
      ? h('ul', { class: 'things' }, all.map(({ district, state, note: said }) =>
          h('li', { class: 'thing' }, h('p', { class: 'thing-head' }, names.get(district) ?? district, pill(FILINGS[state], t(`filing.${state}`))), said ? note(said) : null)))
      : note(t('app.filings.none')),
    builds && open.length
      ? folded(
          'file',
          t('app.filing.ask'),
          form({
            id: 'filing',
            words: t('app.filing.ask'),
            fields: [field('district', { words: t('app.filing.district'), hint: t('app.filing.why'), options: open.map(({ code, name }) => [code, name]) })],
            work: async ({ district }) => {
              const sure = await twice({ title: t('app.filing.title', { name: names.get(district) }), content: t('app.filing.sure'), yes: t('app.filing.ask') });
              if (sure === null) return;
              await act(FILE, { app, district });
              await refresh(t('app.filing.asked'));
            },
          }),
        )
      : null,
  );
}
