/** Trusted publishers: whose CI runs hand in the program's versions, with nobody's key or password. */
import { Refused, act } from '../common/city.js';
import { claimName, inOrder, named, WHOSE } from '../common/claims.js';
import { ADD_PUBLISHER, PUBLISHERS, REMOVE_PUBLISHER } from '../common/documents.js';
import { h } from '../common/dom.js';
import { asked, heading, page } from '../common/page.js';
import { button, close, facts, field, folded, form, note, section, things } from '../common/parts.js';
import { twice } from '../common/twice.js';
import { moment, t } from '../common/words.js';

const app = asked('app');
const { refresh } = page(PUBLISHERS, () => ({ app }), draw);

function draw({ developerApp: { name, organisation, publishers, publisherIssuers } }) {
  const owner = organisation.role === 'OWNER' && !organisation.blocked;
  return [
    heading(t('publishers.title'), h('p', {}, name)),
    note(t('publishers.why'), 'lead'),
    publishers.length ? things(...publishers.map((one) => publisher(one, owner))) : note(t('publishers.none')),
    publisherIssuers.length ? null : note(t('publishers.city')),
    organisation.role === 'OWNER' ? null : note(t('publishers.owners')),
    owner && publisherIssuers.length ? adding(publisherIssuers, publishers.length > 0) : null,
  ];
}

const publisher = ({ id, issuer, claims, addedAt, lastUsedAt }, owner) =>
  h(
    'li',
    { class: 'thing', 'data-publisher': id },
    h('h2', { class: 'thing-head' }, h('code', {}, named(claims)), h('span', { class: 'note' }, lastUsedAt ? t('publishers.used', { at: moment(lastUsedAt) }) : t('publishers.unused'))),
    facts([...inOrder(claims).map(([name, value]) => [claimName(name), h('code', {}, value)]), [t('publishers.issuer'), h('code', {}, issuer)], [t('publishers.since'), moment(addedAt)]]),
    owner
      ? button(
          `remove-${id}`,
          t('publishers.remove'),
          async () => {
            const sure = await twice({ title: t('publishers.remove.title', { name: named(claims) }), content: t('publishers.remove.why'), yes: t('publishers.remove') });
            if (sure === null) return;
            await act(REMOVE_PUBLISHER, { id });
            await refresh(t('publishers.removed'));
          },
          'quiet',
          `${t('publishers.remove')} ${named(claims)}`,
        )
      : null,
  );

const wrong = (words, values) => new Refused(t(words, values), { field: 'claims' });

/** `name=value`, one a line, as `tong publishers add --claim` takes them. */
function parsed(text) {
  const claims = new Map();
  for (const line of text.split('\n').map((one) => one.trim()).filter(Boolean)) {
    const at = line.indexOf('=');
    const name = line.slice(0, Math.max(0, at)).trim();
    if (!name) throw wrong('publishers.claims.bad', { line });
    if (claims.has(name)) throw wrong('publishers.claims.twice', { name });
    claims.set(name, line.slice(at + 1).trim());
  }
  if (!WHOSE.some((name) => claims.has(name))) throw wrong('publishers.claims.whose', { names: WHOSE });
  return Object.fromEntries(claims);
}

function adding(issuers, more) {
  const made = form({
    id: 'publisher',
    words: t('publishers.add'),
    fields: [
      field('issuer', { words: t('publishers.issuer'), hint: t('publishers.issuer.hint'), options: issuers.map((one) => [one, one]) }),
      field('claims', { words: t('publishers.claims'), hint: t('publishers.claims.hint'), lines: 4, placeholder: 'repository=example/library\nenvironment=release' }),
    ],
    work: async ({ issuer, claims: text }) => {
      const claims = parsed(text);
      const sure = await twice({ title: t('publishers.add.title', { name: named(claims) }), content: t('publishers.add.why'), yes: t('publishers.add') });
      if (sure === null) return;
      await act(ADD_PUBLISHER, { app, issuer, claims });
      document.getElementById('publisher').reset();
      if (more) close('new-publisher');
      await refresh(t('publishers.added'));
    },
  });
  return more ? folded('new-publisher', t('publishers.new'), made) : section('new-publisher', t('publishers.new'), made);
}
