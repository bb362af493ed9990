import { expectAssignable, expectError, expectNotAssignable, expectType } from 'tsd';
import { type Capability, type Env, type ErrorCode, type GraphqlAnswer, global, mp, MpError, page, type TypedDocument } from '../../src/index.js';
import { createMockHost, schemaMock, type MockHost } from '../../src/testing.js';
import { wx } from '../../src/wx.js';

// Calls: parameters, results, callbacks, signal and timeout.
mp.login().then(({ code, expiresIn }) => expectType<[string, number]>([code, expiresIn]));
expectType<Promise<string>>(mp.getLaunchToken());
expectType<Promise<Capability[]>>(mp.capabilities());
expectError(mp.scanCode({ onlyFromCamera: 'yes' }));
expectError(mp.showToast({}));
expectError(mp.showToast({ title: 't', icon: 'sparkles' }));
expectError(mp.authorize({ scopes: ['city.user.fone'] }));
mp.authorize({ scopes: ['city.user.phone', 'city.data.loans'] }).then(({ granted }) => expectAssignable<string[]>(granted));
mp.showModal({
  title: 't',
  signal: AbortSignal.timeout(10),
  timeout: 0,
  success: ({ confirm }) => expectType<boolean>(confirm),
  fail: (error) => expectType<MpError>(error),
  complete: () => {},
});
mp.getPhoneNumber({ sealed: true }).then((answer) => {
  if ('sealed' in answer) expectType<string>(answer.sealed);
  else expectType<string>(answer.code);
});
expectError(mp.storageWrite);

// GraphQL: typed documents.
declare const Loans: TypedDocument<{ loans: string[] }, { first: number }>;
declare const Everything: TypedDocument<{ all: number }, { after?: string }>;
expectType<Promise<GraphqlAnswer<{ loans: string[] }>>>(mp.graphql(Loans, { first: 10 }));
expectError(mp.graphql(Loans));
expectError(mp.graphql(Loans, { first: 'ten' }));
expectType<Promise<GraphqlAnswer<{ all: number }>>>(mp.graphql(Everything));
expectType<Promise<GraphqlAnswer<{ n: number }>>>(mp.graphql<{ n: number }>('Loans', { first: 10 }));
mp.graphql(Loans, { first: 1 }).then(({ withheld }) => expectType<string[]>(withheld));

// Facts.
expectType<boolean>(mp.inHost);
expectType<Readonly<Env>>(mp.env);
expectError((mp.env.theme = 'dark'));
expectType<{ [key: string]: string }>(mp.launch.query);
expectType<string | undefined>(mp.launch.referrer?.appId);

// Events and lives.
expectType<() => void>(mp.on('themechange', ({ theme }) => expectType<'light' | 'dark'>(theme)));
mp.on('update-ready', ({ versionCode }) => expectType<number>(versionCode), { signal: new AbortController().signal });
mp.on('route', ({ stack }) => expectType<string[]>(stack));
expectError(mp.on('appshown', () => {}));
global.ongloballaunched = (event) => {
  expectType<string>(event.pagePath);
  expectType<string>(event.inputObject.pagePath);
};
page.onpageshown = ({ pageInputQuery }) => expectType<string>(pageInputQuery.id);
expectType<'' | 'loaded' | 'ready' | 'shown' | 'hidden' | 'unloaded'>(page.pageState);
expectError((global.globalState = 'shown'));

// Errors.
declare const thrown: unknown;
if (MpError.is(thrown, 'E_USER_CANCEL')) expectType<'E_USER_CANCEL'>(thrown.code);
if (MpError.is(thrown)) {
  expectType<ErrorCode>(thrown.code);
  expectType<string | undefined>(thrown.data.path);
}
expectError(MpError.is(thrown, 'E_USER_CANCELLED'));

// Storage, network, buttons.
expectType<number | ''>(mp.getStorageSync<number>('n'));
expectType<Promise<Response>>(mp.fetch('/loans', { method: 'POST', timeout: 100, token: false }));
mp.request<{ n: number }>({ url: '/x' }).then(({ data, statusCode }) => expectType<[number, number]>([data.n, statusCode]));
mp.uploadFile({ url: '/x', filePath: new Blob([]), name: 'f' });
mp.ui.mainButton.set({ text: 'Pay', loading: true });
expectError(mp.ui.backButton.set({ text: 'Back' }));
expectType<() => void>(mp.ui.settingsButton.onClick(() => {}));

// wx has the calls, not the rest.
expectType<typeof mp.login>(wx.login);
wx.onThemeChange(({ theme }) => expectType<'light' | 'dark'>(theme));
expectError(wx.createRewardedVideoAd);
expectError(wx.ready);

// The host of tests.
const host = createMockHost({ user: { openid: 'o_1' }, grants: ['city.user.phone'], graphql: schemaMock({ Loans: { loans: [] } }), latency: 20 });
expectType<MockHost>(host);
host.respond('scanCode', { result: 'A1', scanType: 'qrCode' });
host.respond('scanCode', ({ onlyFromCamera }) => ({ result: String(onlyFromCamera), scanType: 'qrCode' }));
expectError(host.respond('scanCode', { result: 1 }));
expectError(host.respond('scanCod', {}));
expectError(host.respond('chooseMedia', {}));
host.respond('getLaunchToken', { token: 't', expiresAt: 1 });
host.fail('login', 'E_USER_CANCEL');
expectError(host.fail('login', 'E_NONSENSE'));
host.emit('apphide');
host.emit('themechange', { theme: 'dark' });
expectError(host.emit('themechange', { theme: 'blue' }));
expectNotAssignable<{ env: { theme: 'blue' } }>({ env: { theme: 'light' } } as const);
