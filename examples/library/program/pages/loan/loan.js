import { mp } from '../../app.js';
import { button, byId, make } from '../../common/dom.js';
import { bringBack, givePhone, loans, Refused, signIn } from '../../common/library.js';
import { day, language, words } from '../../common/words.js';

let say;

function speak({ lang }) {
  say = words(lang);
  document.documentElement.lang = lang;
  byId('title').textContent = say.loans;
}

function row(loan) {
  const line = make('li', '', { class: 'book' });
  const name = make('div');
  name.append(make('h2', loan.title[language(mp.env.lang)]));
  name.append(make('p', say.due(day(loan.due, mp.env.lang)), { class: 'aside' }));
  line.append(name, button(say.back, () => giveBack(loan.id)));
  return line;
}

async function giveBack(id) {
  try {
    draw(await bringBack(id));
  } catch (error) {
    await tell((error instanceof Refused && say.refused[error.code]) || say.trouble);
    await show();
  }
}

/** One reminder for each time that a reader says yes: the city asks them, not this page. */
async function remind() {
  const answer = await mp.requestSubscribeMessage({ tmplIds: ['loan_due'] });
  if (answer.loan_due === 'accept') await tell(say.reminded);
}

/** A refusal is an answer: `authorize` does not throw for it. */
async function call() {
  const { granted } = await mp.authorize({ scopes: ['city.user.phone'] });
  if (!granted.includes('city.user.phone')) return;
  const { code } = await mp.getPhoneNumber();
  await givePhone(code);
  await tell(say.called);
  byId('phone').hidden = true;
}

const tell = (title) => mp.showToast({ title, icon: 'none' });

function draw(found) {
  byId('loans').replaceChildren(...(found.length ? found.map(row) : [make('li', say.none)]));
  byId('remind').replaceChildren(...(found.length ? [button(say.remind, () => remind().catch(() => tell(say.trouble)))] : []));
}

async function show() {
  try {
    const { phone } = await signIn();
    byId('phone').replaceChildren(...(phone ? [] : [button(say.phone, () => call().catch(() => tell(say.trouble)))]));
    draw(await loans());
  } catch {
    byId('loans').replaceChildren(make('li', say.trouble));
  }
}

speak(mp.env);
mp.on('localechange', (env) => (speak(env), show()));
mp.on('appshow', show);
await show();
