/** The library's words, in every language that it speaks. */
export const WORDS = {
  zh: {
    books: '借书',
    branch: '到哪个区的分馆取',
    left: (n) => (n ? `还有 ${n} 本` : '都借出去了'),
    borrow: '借这本',
    borrowed: (day) => `借好了，${day} 前还`,
    loans: '我借的书',
    none: '现在没有借书。',
    due: (day) => `${day} 前还`,
    back: '还书',
    remind: '到期前提醒我',
    reminded: '到期前会提醒您。',
    phone: '让分馆打电话给我',
    called: '书到了，分馆会打给您。',
    refused: {
      NONE_LEFT: '都借出去了，过几天再来看看。',
      ALREADY: '您已经借了这本。',
      TOO_MANY: '一次最多借五本，先还一本吧。',
      NO_LOAN: '这本已经还过了。',
      NO_BOOK: '没有这本书。',
    },
    trouble: '图书馆没有回答，请过一会儿再试。',
  },
  en: {
    books: 'Borrow',
    branch: 'Fetched from the branch in',
    left: (n) => (n ? `${n} left` : 'All are lent'),
    borrow: 'Borrow',
    borrowed: (day) => `Yours until ${day}`,
    loans: 'My loans',
    none: 'You have no books now.',
    due: (day) => `Due ${day}`,
    back: 'Return',
    remind: 'Remind me before it is due',
    reminded: 'You will be told before it is due.',
    phone: 'Call me when it is there',
    called: 'The branch will call you.',
    refused: {
      NONE_LEFT: 'All are lent; look again in a few days.',
      ALREADY: 'You have this one already.',
      TOO_MANY: 'Five at a time; return one first.',
      NO_LOAN: 'This one has been returned.',
      NO_BOOK: 'There is no such book.',
    },
    trouble: 'The library did not answer. Try again in a while.',
  },
};

/** The words of the first language that fits `lang`, as `zh-CN`. */
export const words = (lang) => WORDS[language(lang)];

export const language = (lang) => (lang.startsWith('zh') ? 'zh' : 'en');

export const day = (iso, lang) => new Date(iso).toLocaleDateString(lang, { month: 'long', day: 'numeric' });
