import { mp } from '../app.js';
import { count, visits } from '../common/visits.js';
import { words } from '../common/words.js';

let say;
const shown = (id, text) => (document.querySelector(id).textContent = text);

function draw(lang) {
  say = words(lang);
  shown('#title', say.title);
  shown('#again', say.again);
  shown('#visits', say.visits(visits()));
}

count();
draw(mp.env.lang);
mp.on('localechange', ({ lang }) => draw(lang));
document.querySelector('#again').addEventListener('click', () => {
  shown('#visits', say.visits(count()));
  mp.showToast({ title: say.visits(visits()) }).catch(() => {}); // a toast that is not shown is no fault
});
