/** HTTP to the program's own servers: real requests to real servers on loopback. */
import { createServer } from 'node:http';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { mp } from '../src/index.js';
import { createMockHost } from '../src/testing.js';

let host, server, other, own, foreign, seen, hold;

async function serve() {
  const made = createServer((request, reply) => {
    const pieces = [];
    request.on('data', (piece) => pieces.push(piece));
    request.on('end', () => {
      // Called off by who asked: it may come when the next test has begun.
      if (request.url === '/hold') return void (hold = reply);
      seen.push({ url: request.url, method: request.method, authorization: request.headers.authorization, type: request.headers['content-type'], body: Buffer.concat(pieces).toString() });
      if (request.url === '/away') return void reply.destroy();
      reply.writeHead(request.url === '/401' ? 401 : 200, { 'content-type': 'application/json', 'x-seen': 'yes' });
      reply.end('{"loans":[1]}');
    });
  });
  await new Promise((resolve) => made.listen(0, '127.0.0.1', resolve));
  return [made, `http://127.0.0.1:${made.address().port}`];
}
beforeAll(async () => {
  [server, own] = await serve();
  [other, foreign] = await serve();
});
afterAll(() => Promise.all([server, other].map((one) => new Promise((resolve) => (one.closeAllConnections(), one.close(resolve))))));

let now;
beforeEach(() => {
  seen = [];
  now = Date.now();
  host = createMockHost({ user: { openid: 'o_1' }, env: { connect: [own] }, now: () => now });
});
afterEach(() => {
  host.close();
  vi.useRealTimers();
});
const tokens = () => host.calls.filter(({ method }) => method === 'getLaunchToken').length;

test('fetch goes to the first declared domain, with the launch token, which is kept', async () => {
  const reply = await mp.fetch('/loans');
  expect([reply.status, await reply.json()]).toEqual([200, { loans: [1] }]);
  await mp.fetch(`${own}/loans?page=2`, { method: 'POST', body: 'x' });
  expect(seen.map(({ url, authorization }) => [url, authorization])).toEqual([['/loans', 'MP mock.launch.o_1.1'], ['/loans?page=2', 'MP mock.launch.o_1.1']]);
  expect(tokens()).toBe(1);
});

test.each(['https://a.example/', 'http://127.0.0.1:1/', '//a.example/x', 'https:', 'javascript:alert(1)', 'data:,x', 'http://own@a.example/'])(
  'nothing is sent to %s',
  async (url) => {
    await expect(mp.fetch(url)).rejects.toMatchObject({ code: 'E_DOMAIN_NOT_ALLOWED', why: 'manifest', data: { path: '/url' } });
    expect([seen, tokens()]).toEqual([[], 0]);
  },
);

test('a domain is its origin: another port of the same machine is another one', async () => {
  await expect(mp.fetch(`${foreign}/loans`)).rejects.toMatchObject({ code: 'E_DOMAIN_NOT_ALLOWED' });
  await expect(mp.request({ url: `${foreign}/loans` })).rejects.toMatchObject({ code: 'E_DOMAIN_NOT_ALLOWED', method: 'request' });
  await expect(mp.downloadFile({ url: `${foreign}/loans` })).rejects.toMatchObject({ code: 'E_DOMAIN_NOT_ALLOWED', method: 'downloadFile' });
  expect(seen).toEqual([]);
});

test('a token is fetched anew a minute before it expires, after a 401, and when permissions have changed', async () => {
  vi.useFakeTimers({ toFake: ['Date'], now });
  expect(await mp.getLaunchToken()).toBe('mock.launch.o_1.1');
  vi.setSystemTime(now + 239_999);
  expect(await mp.getLaunchToken()).toBe('mock.launch.o_1.1');
  vi.setSystemTime(now + 240_000);
  now += 240_000;
  expect(await mp.getLaunchToken()).toBe('mock.launch.o_1.2');
  expect((await mp.fetch('/401')).status).toBe(401);
  expect(await mp.getLaunchToken()).toBe('mock.launch.o_1.3');
  host.emit('capabilitychange', { capabilities: host.capabilities() });
  expect(await mp.getLaunchToken()).toBe('mock.launch.o_1.4');
});

test('who wants no token says so, and a header of one’s own stays', async () => {
  await mp.fetch('/open', { token: false });
  await mp.fetch('/own', { headers: { Authorization: 'Bearer x' } });
  expect([seen.map(({ authorization }) => authorization), tokens()]).toEqual([[undefined, 'Bearer x'], 0]);
});

test('without a token nothing is sent: the reason is the host’s', async () => {
  host.fail('getLaunchToken', 'E_NOT_DECLARED', { why: 'manifest' });
  await expect(mp.fetch('/loans')).rejects.toMatchObject({ code: 'E_NOT_DECLARED', why: 'manifest' });
  expect(seen).toEqual([]);
});

test('a line that breaks is E_NETWORK, with its cause', async () => {
  const error = await mp.fetch('/away').catch((one) => one);
  expect([error.code, error.method, error.retryable, error.cause instanceof TypeError]).toEqual(['E_NETWORK', 'fetch', true, true]);
});

test('a signal and a deadline end a request', async () => {
  const stop = new AbortController();
  const asked = mp.fetch('/hold', { signal: stop.signal });
  await vi.waitFor(() => expect(hold).toBeDefined());
  stop.abort();
  await expect(asked).rejects.toMatchObject({ code: 'E_ABORTED' });
  await expect(mp.fetch('/hold', { timeout: 30 })).rejects.toMatchObject({ code: 'E_TIMEOUT', method: 'fetch' });
});

test('request speaks as wx.request does', async () => {
  const answer = await mp.request({ url: '/loans', data: { a: 1, b: 'x y' } });
  expect(answer).toMatchObject({ data: { loans: [1] }, statusCode: 200, header: { 'x-seen': 'yes' } });
  await mp.request({ url: '/loans', method: 'POST', data: { a: 1 } });
  const text = await mp.request({ url: '/loans', method: 'PUT', data: 'text', header: { 'content-type': 'text/plain' }, dataType: 'text' });
  const bytes = await mp.request({ url: '/401', responseType: 'arraybuffer' });
  expect(seen.map(({ method, url, type, body }) => [method, url, type, body])).toEqual([
    ['GET', '/loans?a=1&b=x+y', undefined, ''],
    ['POST', '/loans', 'application/json', '{"a":1}'],
    ['PUT', '/loans', 'text/plain', 'text'],
    ['GET', '/401', undefined, ''],
  ]);
  expect([text.data, bytes.statusCode, Buffer.from(bytes.data).toString()]).toEqual(['{"loans":[1]}', 401, '{"loans":[1]}']);
});

test('files go up as a form and come down as a path', async () => {
  const { tempFilePath } = await mp.downloadFile({ url: '/file' });
  const up = await mp.uploadFile({ url: '/up', filePath: tempFilePath, name: 'paper', formData: { id: '7' } });
  expect(up).toEqual({ data: '{"loans":[1]}', statusCode: 200 });
  await mp.uploadFile({ url: '/up', filePath: new Blob(['own bytes']), name: 'paper' });
  expect(seen[1].type).toMatch(/^multipart\/form-data; boundary=/);
  expect(seen[1].body).toMatch(/name="id"\r\n\r\n7\r\n[^]*name="paper"; filename="file"[^]*\{"loans":\[1\]\}/);
  expect([seen[2].body.includes('own bytes'), seen[2].authorization]).toEqual([true, 'MP mock.launch.o_1.1']);
  await expect(mp.uploadFile({ url: '/up', filePath: '/etc/passwd', name: 'x' })).rejects.toMatchObject({ code: 'E_INVALID_PARAM', data: { path: '/filePath' } });
});
