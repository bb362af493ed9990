/**
 * HTTP to the program's own servers. Every request goes to a declared and approved domain, or nowhere, and carries the
 * launch token by which that server knows who asks (`Authorization: MP …`). A path alone (`/loans`) means the first domain.
 * The page's security policy enforces the domains as well; what is checked here keeps the token from other ears.
 */
import { within } from './calls.js';
import { MpError } from './errors.js';
import { METHODS } from './generated/methods.js';

const SPARE_MS = 60_000;

export class Network {
  #token = null;
  #ask;
  #domains;
  #files;

  /**
   * @param {(signal: AbortSignal) => Promise<{ token: string, expiresAt: number }>} ask for a launch token
   * @param {(method: string) => Promise<string[]>} domains that are declared, once the host has said so
   * @param {import('./files.js').Files} files
   */
  constructor(ask, domains, files) {
    this.#ask = ask;
    this.#domains = domains;
    this.#files = files;
  }

  /** Another session, another token. */
  forget() {
    this.#token = null;
  }

  /** The launch token: the one that there is until a minute before it expires. */
  async token(signal) {
    if (!this.#token || this.#token.expiresAt - SPARE_MS <= Date.now()) this.#token = await this.#ask(signal);
    return this.#token.token;
  }

  /** `fetch`, with the token unless `init.token` is false. */
  async fetch(url, { signal, timeout = METHODS.fetch.deadline_ms, token = true, ...init } = {}) {
    return within('fetch', timeout, signal, async (inner) => {
      const body = new AbortController();
      for (const one of [inner, signal]) one?.addEventListener('abort', () => body.abort(), { once: true });
      return this.#send('fetch', url, init, token, body.signal);
    });
  }

  async request({ url, method = 'GET', data, header, dataType = 'json', responseType }, signal) {
    const init = { method, headers: header };
    if (data !== undefined && (method === 'GET' || method === 'HEAD')) url = withQuery(url, data);
    else if (data !== undefined) {
      init.body = typeof data === 'string' ? data : JSON.stringify(data);
      init.headers = { 'content-type': 'application/json', ...header };
    }
    const reply = await this.#send('request', url, init, true, signal);
    const said = await read('request', reply, responseType === 'arraybuffer' ? 'arrayBuffer' : 'text');
    return { data: dataType === 'json' && typeof said === 'string' ? parsed(said) : said, statusCode: reply.status, header: Object.fromEntries(reply.headers) };
  }

  async uploadFile({ url, filePath, name, header, formData }, signal) {
    const body = new FormData();
    for (const [key, value] of Object.entries(formData || {})) body.append(key, value);
    body.append(name, this.#files.get(filePath, 'uploadFile'), 'file');
    const reply = await this.#send('uploadFile', url, { method: 'POST', body, headers: header }, true, signal);
    return { data: await read('uploadFile', reply, 'text'), statusCode: reply.status };
  }

  async downloadFile({ url, header }, signal) {
    const reply = await this.#send('downloadFile', url, { headers: header }, true, signal);
    return { tempFilePath: this.#files.add(await read('downloadFile', reply, 'blob')), statusCode: reply.status };
  }

  async #send(method, url, init, token, signal) {
    const address = this.#address(method, String(url), await this.#domains(method));
    const headers = new Headers(init.headers);
    if (token && !headers.has('authorization')) headers.set('authorization', `MP ${await this.token(signal)}`);
    try {
      const reply = await fetch(address, { credentials: 'omit', ...init, headers, signal });
      if (reply.status === 401) this.forget();
      return reply;
    } catch (cause) {
      throw new MpError('E_NETWORK', { method, cause });
    }
  }

  #address(method, url, domains) {
    try {
      const address = new URL(url, domains[0]);
      if (domains.some((domain) => new URL(domain).origin === address.origin)) return address;
    } catch {
      // Not an address: nothing that is declared.
    }
    throw new MpError('E_DOMAIN_NOT_ALLOWED', { method, path: '/url', why: 'manifest' });
  }
}

async function read(method, reply, how) {
  try {
    return await reply[how]();
  } catch (cause) {
    throw new MpError('E_NETWORK', { method, cause });
  }
}

function withQuery(url, data) {
  const query = typeof data === 'string' ? data : new URLSearchParams(data).toString();
  return query ? url + (url.includes('?') ? '&' : '?') + query : url;
}

/** JSON where it is JSON, else the text: as `wx.request` does. */
function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
