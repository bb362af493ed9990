import { mp } from '../../app.js';
import { button, byId, make } from '../../common/dom.js';
import { books, lend, Refused, signIn } from '../../common/library.js';
import { Branches } from '../../common/operations.js';
import { day, language, words } from '../../common/words.js';

let say;

function speak({ lang }) {
  say = words(lang);
  document.documentElement.lang = lang;
  byId('title').textContent = say.books;
  byId('label').textContent = say.branch;
}

const branch = byId('branch');

async function branches() {
  const { data } = await mp.graphql(Branches);
  branch.replaceChildren(...data.districts.map(({ code, name }) => make('option', name, { value: code })));
  branch.value = mp.getStorageSync('branch') || branch.value;
  branch.addEventListener('change', () => mp.setStorageSync('branch', branch.value));
}

function row({ id, title, left }) {
  const line = make('li', '', { class: 'book' });
  const name = make('div');
  name.append(make('h2', title[language(mp.env.lang)]), make('p', say.left(left), { class: 'aside' }));
  line.append(name);
  if (left > 0) line.append(button(say.borrow, () => borrow(id)));
  return line;
}

async function borrow(id) {
  try {
    await signIn();
    const loan = await lend(id, branch.value);
    await mp.showToast({ title: say.borrowed(day(loan.due, mp.env.lang)), icon: 'success' });
  } catch (error) {
    await mp.showToast({ title: trouble(error), icon: 'none' });
  }
  await show();
}

const trouble = (error) => (error instanceof Refused && say.refused[error.code]) || say.trouble;

async function show() {
  try {
    byId('books').replaceChildren(...(await books()).map(row));
  } catch {
    byId('books').replaceChildren(make('li', say.trouble));
  }
}

speak(mp.env);
mp.on('localechange', (env) => (speak(env), show()));
mp.on('appshow', show);
// Without a line there is no branch to choose, and the list says what is wrong.
await Promise.all([branches().catch(() => (branch.disabled = true)), show()]);
