/** Every word of the program, and times as people of the city say them. */
import { mp } from '../app.js';

const WORDS = {
  'zh-CN': {
    EXCELLENT: '优',
    GOOD: '良',
    LIGHTLY_POLLUTED: '轻度污染',
    MODERATELY_POLLUTED: '中度污染',
    HEAVILY_POLLUTED: '重度污染',
    SEVERELY_POLLUTED: '严重污染',
    'air.of': ({ place }) => `${place}的空气`,
    'air.aqi': '空气质量指数',
    'air.none': '这里最近没有数据。',
    'air.primary': ({ name }) => `首要污染物 ${name}`,
    'air.synthetic': '模拟数据',
    'place.choose': '看哪个区',
    'place.begin': '您想看哪里的空气？',
    'place.begin.why': '告诉我们大概位置，就能找出离您最近的监测站。不告诉也行，自己选一个区。',
    'place.near': '用我的大概位置',
    'place.near.short': '离我最近',
    'place.pick': '请选择',
    'place.home': '没有用到位置，先看您居住的区。',
    'place.none': '没有用到位置。请选一个区。',
    'list.here': '本区监测站',
    'list.around': '邻近的监测站',
    'list.more': ({ n }) => `显示全部 ${n} 个监测站`,
    'state.asking': '正在更新…',
    'state.now': ({ time }) => `${time} 更新`,
    'state.offline': ({ time }) => `没有网络。这是 ${time} 的数据。`,
    'state.failed': ({ time }) => `没能更新。这是 ${time} 的数据。`,
    'state.nothing': '现在看不到数据，可能没有网络。',
    'state.again': '更新',
    'state.retry': '再试一次',
    'station.none': '没有这个监测站。',
    'station.now': ({ time }) => `${time} 的小时均值`,
    'station.trend': '过去 24 小时',
    'station.trend.label': ({ n, low, lowAt, high, highAt }) => `过去 ${n} 小时的空气质量指数：最低 ${low}（${lowAt}），最高 ${high}（${highAt}）`,
    'station.trend.none': '过去一天没有数据。',
    'station.hours': '按小时看',
    'station.hour': '时间',
    'station.grade': '等级',
    'station.values': '测到什么',
    'station.source': ({ source }) => `数据来源：${source}`,
  },
  en: {
    EXCELLENT: 'Excellent',
    GOOD: 'Good',
    LIGHTLY_POLLUTED: 'Lightly polluted',
    MODERATELY_POLLUTED: 'Moderately polluted',
    HEAVILY_POLLUTED: 'Heavily polluted',
    SEVERELY_POLLUTED: 'Severely polluted',
    'air.of': ({ place }) => `Air in ${place}`,
    'air.aqi': 'Air quality index',
    'air.none': 'Nothing was measured here lately.',
    'air.primary': ({ name }) => `Mainly ${name}`,
    'air.synthetic': 'Synthetic data',
    'place.choose': 'District',
    'place.begin': 'Where do you want to see the air?',
    'place.begin.why': 'With your approximate location we find the stations nearest to you. You can also choose a district yourself.',
    'place.near': 'Use my approximate location',
    'place.near.short': 'Near me',
    'place.pick': 'Choose one',
    'place.home': 'Without your location: the district you live in.',
    'place.none': 'Your location was not used. Choose a district.',
    'list.here': 'Stations in this district',
    'list.around': 'Stations nearby',
    'list.more': ({ n }) => `Show all ${n} stations`,
    'state.asking': 'Updating…',
    'state.now': ({ time }) => `Updated at ${time}`,
    'state.offline': ({ time }) => `You are offline. This is from ${time}.`,
    'state.failed': ({ time }) => `It could not be updated. This is from ${time}.`,
    'state.nothing': 'There is nothing to show now. You may be offline.',
    'state.again': 'Update',
    'state.retry': 'Try again',
    'station.none': 'There is no such station.',
    'station.now': ({ time }) => `Means of the hour of ${time}`,
    'station.trend': 'The last 24 hours',
    'station.trend.label': ({ n, low, lowAt, high, highAt }) =>
      `Air quality index of the last ${n} hours: lowest ${low} (${lowAt}), highest ${high} (${highAt})`,
    'station.trend.none': 'Nothing was measured in the last day.',
    'station.hours': 'Hour by hour',
    'station.hour': 'Time',
    'station.grade': 'Grade',
    'station.values': 'What was measured',
    'station.source': ({ source }) => `Source: ${source}`,
  },
};

const language = () => (mp.env.lang.startsWith('zh') ? 'zh-CN' : 'en');

export function t(key, values) {
  const words = WORDS[language()][key];
  return typeof words === 'function' ? words(values) : words;
}

const show = (options, at) => new Intl.DateTimeFormat(language(), { timeZone: 'Asia/Shanghai', ...options }).format(at);
const CLOCK = { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' };
const DAY = { month: 'long', day: 'numeric' };

/** "14:05" today, "11月22日 14:05" on another day. */
export function moment(at) {
  const then = new Date(at);
  const today = show(DAY, then) === show(DAY, new Date());
  return show(today ? CLOCK : { ...DAY, ...CLOCK }, then);
}

export const clock = (at) => show(CLOCK, new Date(at));
