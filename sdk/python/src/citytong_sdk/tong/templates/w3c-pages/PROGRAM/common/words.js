/** The program's items, and its words in every language that it speaks. */
export const ITEMS = ['river', 'tower'];

export const WORDS = {
  zh: {
    title: '城里的两处',
    unknown: '没有这一处',
    items: { river: '河边', tower: '钟楼' },
    about: { river: '傍晚有风。', tower: '整点敲钟。' },
  },
  en: {
    title: 'Two places',
    unknown: 'No such place',
    items: { river: 'The river', tower: 'The tower' },
    about: { river: 'There is a breeze in the evening.', tower: 'It strikes the hours.' },
  },
};

/** The words of the first language that fits `lang`, as `zh-CN`. */
export const words = (lang) => WORDS[lang.split('-')[0]] ?? WORDS.en;

/** `id` if it is an item's. */
export const known = (id) => ITEMS.find((one) => one === id);
