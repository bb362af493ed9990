/** What pages draw alike: fields and forms, buttons that do something, rows, facts, and what state a thing is in. */
import { mp } from '../app.js';
import { Refused } from './city.js';
import { h, svg } from './dom.js';
import { t } from './words.js';

/** Shapes beside words, so that no colour says anything alone. */
const SHAPES = {
  ok: 'M4 12.5l5 5L20 6.500',
  wait: 'M12 6v6l4 2.500M12 3a9 9 0 1 0 .01 0',
  warn: 'M12 8v5m0 3.500v.010M12 3l9.500 17h-19z',
  stop: 'M7 7l10 10M17 7L7 17',
  plain: 'M6 12h12',
  on: 'M9 5l7 7-7 7',
};
const sign = (name) => svg('svg', { class: 'sign', viewBox: '0 0 24 24', 'aria-hidden': 'true' }, svg('path', { d: SHAPES[name] }));

/** @param {'ok' | 'wait' | 'warn' | 'stop' | 'plain'} look */
export const pill = (look, words) => h('span', { class: 'pill', 'data-look': look }, sign(look), words);

const LOOKS = {
  DRAFT: 'plain',
  SUBMITTED: 'wait',
  CHECKING: 'wait',
  IN_REVIEW: 'wait',
  APPROVED: 'ok',
  REJECTED: 'stop',
  ROLLING: 'ok',
  RELEASED: 'ok',
  SUPERSEDED: 'plain',
  REVOKED: 'stop',
  WITHDRAWN: 'plain',
};
export const versionPill = (state) => pill(LOOKS[state] ?? 'plain', t(`state.${state}`));

export const section = (id, title, ...children) => h('section', { 'aria-labelledby': id }, h('h2', { id }, title), ...children);
export const note = (words, kind = 'note') => h('p', { class: kind }, words);

/** To another page: all of it can be pressed. */
export const row = (id, words, below, open, beside = null) =>
  h(
    'li',
    {},
    h(
      'button',
      { type: 'button', class: 'row', id, click: open },
      h('span', { class: 'name' }, words),
      beside,
      sign('on'),
      below ? h('span', { class: 'below' }, below) : null,
    ),
  );
export const rows = (...children) => h('ul', { class: 'rows' }, ...children);

/**
 * A list that is read page by page: more of it below, as it is wanted.
 * @param {{ nodes: any[], pageInfo: { hasNextPage: boolean, endCursor: string } }} first
 * @param {{ into: (...lines: Node[]) => HTMLElement, line: (one: any) => Node, ask: (after: string) => Promise<typeof first> }} how
 */
export function paged({ nodes, pageInfo }, { into, line, ask }) {
  const list = into(...nodes.map(line));
  const below = h('div', { class: 'stack' });
  let next = pageInfo;
  const offer = () => below.replaceChildren(...(next.hasNextPage ? [button('older', t('more'), more)] : []));
  async function more() {
    const found = await ask(next.endCursor);
    next = found.pageInfo;
    list.append(...found.nodes.map(line));
    offer();
  }
  offer();
  return h('div', {}, list, below);
}
export const things = (...children) => h('ul', { class: 'things' }, ...children);

/** One of some, which counts at once. @param {[string, string][]} options @param {(value: string) => void} pick */
export const choice = (id, words, value, options, pick) =>
  h(
    'div',
    { class: 'field' },
    h('label', { for: id }, words),
    h('select', { id, change: ({ target }) => pick(target.value) }, options.map(([code, label]) => h('option', { value: code, selected: code === value ? '' : null }, label))),
  );

/** @param {[string, string | Node | null][]} pairs  what has no value is left out */
export const facts = (pairs) =>
  h('dl', { class: 'facts' }, pairs.filter(([, value]) => value !== null && value !== '').map(([name, value]) => h('div', {}, h('dt', {}, name), h('dd', {}, value))));

/** Text that somebody needs elsewhere. */
export const copied = (text, name) =>
  h(
    'span',
    { class: 'copied' },
    h('code', {}, text),
    h(
      'button',
      { type: 'button', class: 'quiet', 'aria-label': `${t('copy')} ${name}`, click: () => mp.setClipboardData({ data: text }).then(() => mp.showToast({ title: t('copied') }), () => {}) },
      t('copy'),
    ),
  );

/**
 * @param {string} name  of the value; with the form's id it is the element's
 * @param {{ words: string, graph?: string, hint?: string, value?: string, lines?: number, options?: [string, string][], optional?: boolean }} of
 *   graph: what the city calls it when it says no, where that is not its name here; several with blanks between them
 */
export const field = (name, { words, graph = name, hint = '', value = '', lines = 0, options = null, optional = false, ...more }) => (form) => {
  const id = `${form}-${name}`;
  const attributes = { id, name, 'data-graph': graph, 'aria-describedby': hint ? `${id}-hint` : null, required: optional || options ? null : '', ...more };
  const input = options
    ? h('select', attributes, options.map(([code, label]) => h('option', { value: code, selected: code === value ? '' : null }, label)))
    : lines
      ? h('textarea', { ...attributes, rows: lines, autocomplete: 'off', spellcheck: 'false', autocapitalize: 'off' }, value)
      : h('input', { type: 'text', autocomplete: 'off', spellcheck: 'false', autocapitalize: 'off', ...attributes, value });
  return h(
    'div',
    { class: 'field' },
    h('label', { for: id }, words, optional ? h('span', { class: 'optional' }, ` ${t('optional')}`) : null),
    input,
    hint ? h('p', { class: 'hint', id: `${id}-hint` }, hint) : null,
  );
};

/** A box with its words. */
export const tick = (name, words) => (form) =>
  h('label', { class: 'tick', for: `${form}-${name}` }, h('input', { type: 'checkbox', id: `${form}-${name}`, name, value: 'yes' }), h('span', {}, words));

/**
 * Fields, and a button that does something with what is in them. What is refused is said at the field that it is about, or
 * else above the button, and what was entered stays.
 * @param {{ id: string, fields: ((form: string) => Node)[], words: string, work: (values: Record<string, string>) => Promise<void>, look?: string, also?: Node[] }} of
 */
export function form({ id, fields, words, work, look = 'main', also = [] }) {
  const said = h('p', { class: 'trouble', role: 'alert', id: `${id}-said` });
  const send = h('button', { type: 'submit', class: look, id: `${id}-send` }, words);
  const acts = h('div', { class: 'acts' }, send, ...also);
  const made = h('form', { id, novalidate: '' }, ...fields.map((field) => field(id)), said, acts);
  made.addEventListener('submit', (event) => {
    event.preventDefault();
    const wrong = made.querySelector(':invalid');
    if (wrong) return wrong.reportValidity();
    const values = Object.fromEntries([...new FormData(made)].map(([name, value]) => [name, String(value).trim()]));
    for (const input of made.querySelectorAll('[aria-invalid]')) unmark(input);
    acts.before(said);
    run(send, said, () => work(values), ({ field }) => asked(made, field));
  });
  return made;
}

/** The field that the city means, if it is one of the form's. */
const asked = (made, graph) => [...made.elements].find((input) => !input.disabled && input.dataset.graph?.split(' ').includes(graph));

/** The city names the field in the graph's word: whoever fills the form in reads the word that stands above it. */
const inWords = ({ message, code, field }, input) =>
  code === 'BAD_USER_INPUT' ? message.replace(field, () => input.labels[0].firstChild.textContent) : message;

/** It is this field that is wrong, and `said` says how. */
function mark(input, said) {
  input.setAttribute('aria-invalid', 'true');
  describe(input, said.id);
  input.after(said);
  input.focus();
  said.scrollIntoView({ block: 'nearest' });
}

function unmark(input) {
  input.removeAttribute('aria-invalid');
  describe(input);
}

/** By what has these ids, and its hint; by nothing where it has none. */
function describe(input, ...ids) {
  const hint = input.closest('.field').querySelector('.hint')?.id;
  const by = [...ids, hint].filter(Boolean);
  if (by.length) input.setAttribute('aria-describedby', by.join(' '));
  else input.removeAttribute('aria-describedby');
}

/** A button that does something by itself; what the city says no to is said below it. */
export function button(id, words, work, look = 'quiet', name = null) {
  const said = h('p', { class: 'trouble', role: 'alert' });
  const pressed = h('button', { type: 'button', class: look, id, 'aria-label': name, click: () => run(pressed, said, work) }, words);
  return h('div', { class: 'act' }, pressed, said);
}

/** One thing at a time. @param {(error: Refused) => HTMLElement | undefined} [about]  the field that a no is about */
async function run(pressed, said, work, about = () => undefined) {
  if (pressed.getAttribute('aria-disabled')) return;
  const words = [...pressed.childNodes];
  pressed.setAttribute('aria-disabled', 'true');
  pressed.replaceChildren(t('work.doing'));
  said.replaceChildren();
  try {
    await work();
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    const input = about(error);
    said.replaceChildren(sign('warn'), h('span', {}, input ? inWords(error, input) : error.message, error.code ? h('code', { class: 'code' }, error.code) : null));
    if (input) mark(input, said);
  } finally {
    pressed.removeAttribute('aria-disabled');
    pressed.replaceChildren(...words);
  }
}

/** Something that is seldom done: closed until it is wanted. */
export const folded = (id, words, ...children) => h('details', { id }, h('summary', {}, words), ...children);

/** What was entered there is done with. */
export function close(id) {
  const box = document.getElementById(id);
  box.removeAttribute('open');
  box.querySelector('form').reset();
}
