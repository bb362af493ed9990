/** What the host of tests answers where a test says nothing: a citizen who agrees, and a city where everything works. */
import { MpError } from './index.js';

/** One red pixel. */
const PICTURE = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4nGP4z8DwHwAFAAH/iZk9HQAAAABJRU5ErkJggg==';

export function replies(host, { user = {}, graphql, now = Date.now }) {
  const { openid = 'o_mock', phone = '+8613800000000', nickName = '林小雨', lang = 'zh-CN', location = { latitude: 39.9, longitude: 116.4 } } = user;
  const files = new Map([['file0', PICTURE]]);
  let made = 0;
  let clipboard = '';
  let revision = 0;
  const code = (kind) => ({ code: `${kind}_mock_${openid}_${++made}`, expiresIn: 300 });
  const settings = () => ({ authSetting: Object.fromEntries(host.capabilities().filter(({ state }) => state !== 'prompt').map(({ name, state }) => [name, state === 'granted'])) });
  return {
    capabilities: () => host.capabilities(),
    authorize: ({ scopes }) => host.ask(scopes),
    getSetting: settings,
    openSetting: settings,
    login: () => code('lc'),
    getLaunchToken: () => ({ token: `mock.launch.${openid}.${++made}`, expiresAt: now() + 300_000 }),
    getUserProfile: () => ({ nickName, language: lang }),
    getPhoneNumber: ({ sealed }) => (sealed ? { sealed: `mock.sealed.${phone.slice(-4)}` } : code('pc')),
    async graphql({ documentId, variables = {} }) {
      if (!graphql) throw new MpError('E_DOC_UNKNOWN', { method: 'graphql', message: 'createMockHost({ graphql }) says what the graph answers.' });
      const answer = await graphql(documentId, variables);
      return answer && 'data' in answer ? { withheld: [], ...answer } : { data: answer, withheld: [] };
    },
    storageWrite({ clear, removed = [], put = {} }) {
      if (clear) for (const key of Object.keys(host.storage)) delete host.storage[key];
      for (const key of removed) delete host.storage[key];
      Object.assign(host.storage, put);
      return { revision: ++revision };
    },
    showModal: ({ editable }) => ({ confirm: true, cancel: false, ...(editable && { content: '' }) }),
    showActionSheet: () => ({ tapIndex: 0 }),
    getLocation: ({ type = 'fuzzy' }) => ({ ...location, accuracy: type === 'exact' ? 10 : 1000, type, at: now() }),
    scanCode: () => ({ result: 'https://city.example/c/mock', scanType: 'qrCode' }),
    mediaChoose: () => ({ files: [{ file: 'file0', type: 'image/png', size: atob(PICTURE).length }] }),
    tempFileRead: ({ file, offset, length }) => ({ data: btoa(atob(files.get(file) ?? '').slice(offset, offset + length)) }),
    tempFileWrite({ file = `file${++made}`, data }) {
      files.set(file, btoa(atob(files.get(file) ?? '') + atob(data)));
      return { file, size: atob(files.get(file)).length };
    },
    setClipboardData({ data }) {
      clipboard = data;
    },
    getClipboardData: () => ({ data: clipboard }),
    requestPayment: () => ({ status: 'submitted' }),
    requestSubscribeMessage: ({ tmplIds }) => Object.fromEntries(tmplIds.map((id) => [id, 'accept'])),
  };
}
