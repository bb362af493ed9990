/** The library's own server, asked with the launch token by which it knows its reader. */
import { mp } from '../app.js';

/** The server said no: `code` is one of its own, and the words for it are in words.js. */
export class Refused extends Error {
  constructor(code) {
    super(code);
    this.code = code;
  }
}

async function ask(path, body) {
  const init = body === undefined ? {} : { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
  const reply = await mp.fetch(path, init);
  const said = reply.status === 204 ? null : await reply.json();
  if (!reply.ok) throw new Refused(said?.code ?? '');
  return said;
}

/** Once a run: now the library knows who reads, and tells whether it has a phone to call. */
let signedIn = null;
export const signIn = () => (signedIn ??= mp.login().then(({ code }) => ask('/session', { code })));

export const books = () => ask('/books');
export const loans = () => ask('/loans');
export const lend = (book, branch) => ask('/loans', { book, branch });
export const bringBack = (loan) => ask(`/loans/${loan}/return`, {});
export const givePhone = (code) => ask('/phone', { code });
