import { mp } from '../../app.js';
import { ITEMS, words } from '../../common/words.js';

function row(id, text) {
  const button = document.createElement('button');
  button.type = 'button';
  button.textContent = text;
  button.addEventListener('click', () => mp.navigateTo({ url: `pages/item/item?id=${id}` }));
  const line = document.createElement('li');
  line.append(button);
  return line;
}

function draw({ lang }) {
  const say = words(lang);
  document.querySelector('#title').textContent = say.title;
  document.querySelector('#items').replaceChildren(...ITEMS.map((id) => row(id, say.items[id])));
}

draw(mp.env);
mp.on('localechange', draw);
