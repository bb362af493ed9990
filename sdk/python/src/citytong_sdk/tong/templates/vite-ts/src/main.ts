import { mp } from '@citytong/sdk';
import { count, visits } from './visits';
import { words } from './words';

const shown = (id: string, text: string) => (document.querySelector(id)!.textContent = text);

function draw({ lang }: { lang: string }): void {
  const say = words(lang);
  document.documentElement.lang = lang;
  shown('#title', say.title);
  shown('#again', say.again);
  shown('#visits', say.visits(visits()));
}

await mp.ready();
count();
draw(mp.env);
mp.on('localechange', draw);
document.querySelector('#again')!.addEventListener('click', () => {
  count();
  draw(mp.env);
});
