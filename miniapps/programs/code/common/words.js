/** Every word of the program, and times as people of the city say them. */
import { mp } from '../app.js';

const WORDS = {
  'zh-CN': {
    'tabs': '页面',
    'tab.code': '出示',
    'tab.scans': '谁扫过',
    'code.title': '城市码',
    'code.label': ({ name }) => (name ? `${name}的城市码二维码` : '城市码二维码'),
    'code.left': ({ n }) => `${n} 秒后自动更换`,
    'code.calm': '会自动更换，不用着急',
    'code.name': '姓名没有显示',
    'code.name.show': '显示部分姓名',
    'code.ended': '这个码已经过期',
    'code.late': '没有网络，码快要过期了',
    'scans.title': '谁扫过我的码',
    'scans.none': '还没有人扫过您的码。',
    'scans.more': '再早一些',
    'ask.code': '要在这里出示城市码，需要您同意。码还是城市的那个码，随时可以收回同意。',
    'ask.scans': '谁扫过您的码，只有您自己能看。要在这里看，需要您同意。',
    'ask.yes': '同意并继续',
    'ask.settings': '您之前没有同意。想改主意，可以在权限设置里打开。',
    'ask.open': '打开权限设置',
    'state.offline': '没有网络，连上以后会自动更新。',
    'state.failed': '城市没有回答，请再试一次。',
    'state.again': '再试一次',
  },
  en: {
    'tabs': 'Pages',
    'tab.code': 'Show',
    'tab.scans': 'Who scanned',
    'code.title': 'City code',
    'code.label': ({ name }) => (name ? `City code of ${name} as a QR code` : 'City code as a QR code'),
    'code.left': ({ n }) => `Renews by itself in ${n} s`,
    'code.calm': 'Renews by itself. Take your time.',
    'code.name': 'Your name is not shown',
    'code.name.show': 'Show part of it',
    'code.ended': 'This code has expired',
    'code.late': 'You are offline, and the code is about to expire',
    'scans.title': 'Who scanned my code',
    'scans.none': 'Nobody has scanned your code yet.',
    'scans.more': 'Earlier ones',
    'ask.code': 'To show your city code here, you have to agree. It is the same code as in the app, and you can take your agreement back at any time.',
    'ask.scans': 'Who scanned your code is for you alone. To see it here, you have to agree.',
    'ask.yes': 'Agree and continue',
    'ask.settings': 'You did not agree before. If you change your mind, turn it on in the permission settings.',
    'ask.open': 'Open permission settings',
    'state.offline': 'You are offline. This updates by itself when you are back.',
    'state.failed': 'The city did not answer. Try again.',
    'state.again': 'Try again',
  },
};

const language = () => (mp.env.lang.startsWith('zh') ? 'zh-CN' : 'en');

export function t(key, values = {}) {
  const words = WORDS[language()][key];
  return typeof words === 'function' ? words(values) : words;
}

const show = (options, at) => new Intl.DateTimeFormat(language(), { timeZone: 'Asia/Shanghai', ...options }).format(at);
const CLOCK = { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' };
const DAY = { month: 'long', day: 'numeric' };

/** "14:05" today, "11月22日 14:05" on another day. */
export function moment(at) {
  const then = new Date(at);
  return show(show(DAY, then) === show(DAY, new Date()) ? CLOCK : { ...DAY, ...CLOCK }, then);
}
