/** The messages that a program may send to who asked for them: their words in both languages, and what reviewers say. */
import { Refused, act } from '../common/city.js';
import { SET_TEMPLATE, TEMPLATES } from '../common/documents.js';
import { h } from '../common/dom.js';
import { asked, heading, page } from '../common/page.js';
import { close, field, folded, form, note, pill, section, things } from '../common/parts.js';
import { t } from '../common/words.js';

const app = asked('app');
const LOOKS = { WRITTEN: 'plain', WAITING: 'wait', APPROVED: 'ok', REFUSED: 'stop', BANNED: 'stop' };
const LANGUAGES = ['zh-CN', 'en'];
const NAME = '[a-z0-9_]{1,64}';
const [TITLE_MAX, BODY_MAX] = [40, 300];
const { refresh } = page(TEMPLATES, () => ({ app }), draw);

function draw({ developerApp: { name, organisation, templates } }) {
  const builds = organisation.role !== 'READER' && !organisation.blocked;
  return [
    heading(t('templates.title'), h('p', {}, name)),
    note(t('templates.why'), 'lead'),
    templates.length ? things(...templates.map((one) => template(one, builds))) : note(t('templates.none')),
    builds ? proposing(templates.length > 0) : null,
  ];
}

const template = (one, builds) =>
  h(
    'li',
    { class: 'thing', 'data-state': one.state },
    h('h2', { class: 'thing-head' }, h('code', {}, one.name), pill(LOOKS[one.state], t(`template.${one.state}`))),
    one.refusedBecause ? h('p', {}, t('template.refused', { reason: one.refusedBecause })) : null,
    one.bannedBecause ? h('p', {}, t(one.state === 'BANNED' ? 'template.banned' : 'template.allowed', { reason: one.bannedBecause })) : null,
    said('template.now', one.approved),
    alike(one.handedIn, one.approved) ? null : said(one.state === 'REFUSED' ? 'template.not' : 'template.waits', one.handedIn),
    alike(one.written, one.handedIn) ? null : said('template.next', one.written),
    builds ? folded(`change-${one.name}`, t('template.change'), wording(`words-${one.name}`, t('template.save'), one)) : null,
  );

const alike = (one, other) => JSON.stringify([one?.titles, one?.bodies]) === JSON.stringify([other?.titles, other?.bodies]);

/** Nothing where there is nothing. */
const said = (when, words) =>
  words && [note(t(when)), ...LANGUAGES.map((lang) => h('blockquote', { lang }, h('b', {}, words.titles[lang]), h('p', {}, words.bodies[lang])))];

/** @param {any} [one]  the kind that is written anew; without it, a new one */
function wording(id, words, one = null) {
  const shown = one?.written;
  return form({
    id,
    words,
    fields: [
      ...(one ? [] : [field('name', { words: t('template.name'), hint: t('template.name.hint'), maxlength: 64, pattern: NAME })]),
      ...LANGUAGES.flatMap((lang) => [
        field(`title-${lang}`, { words: t(`template.title.${lang}`), graph: `title.${lang}`, value: shown?.titles[lang] ?? '', maxlength: TITLE_MAX, lang }),
        field(`body-${lang}`, { words: t(`template.body.${lang}`), graph: `body body.${lang}`, hint: t('template.body.hint'), value: shown?.bodies[lang] ?? '', lines: 3, maxlength: BODY_MAX, lang }),
      ]),
    ],
    work: async (values) => {
      const of = (part) => Object.fromEntries(LANGUAGES.map((lang) => [lang, values[`${part}-${lang}`]]));
      if (new Set(LANGUAGES.map((lang) => places(values, lang))).size > 1) throw new Refused(t('template.places'));
      await act(SET_TEMPLATE, { app, name: one?.name ?? values.name, title: of('title'), body: of('body') });
      if (one) close(`change-${one.name}`);
      else document.getElementById(id).reset();
      await refresh(t('template.saved'));
    },
  });
}

/** What stands in braces in one language: the city says only that something is wrong. */
const places = (values, lang) =>
  [...new Set(`${values[`title-${lang}`]}${values[`body-${lang}`]}`.match(/\{[^{}]*\}/g))].sort().join();

/** The first one is asked for at once. */
const proposing = (more) => {
  const words = t('templates.new');
  const made = wording('new-template', t('templates.propose'));
  return more ? folded('new', words, made) : section('new', words, made);
};
