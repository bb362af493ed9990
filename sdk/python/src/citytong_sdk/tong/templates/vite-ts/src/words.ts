/** The program's words, in every language that it speaks. */
export interface Words {
  title: string;
  again: string;
  visits: (n: number) => string;
}

export const WORDS: Record<string, Words> = {
  zh: { title: '您好', again: '再来一次', visits: (n) => `您来过 ${n} 次。` },
  en: { title: 'Hello', again: 'Once more', visits: (n) => `You were here ${n} ${n === 1 ? 'time' : 'times'}.` },
};

/** The words of the first language that fits `lang`, as `zh-CN`. */
export const words = (lang: string): Words => WORDS[lang.split('-')[0]] ?? WORDS.en;
