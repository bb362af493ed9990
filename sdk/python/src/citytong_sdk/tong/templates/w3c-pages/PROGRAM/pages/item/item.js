import { mp } from '../../app.js';
import { known, words } from '../../common/words.js';

// Whoever made the link wrote the query: it is looked up, never believed.
const id = known(mp.launch.query.id);

function draw({ lang }) {
  const say = words(lang);
  document.querySelector('#title').textContent = id ? say.items[id] : say.unknown;
  document.querySelector('#about').textContent = id ? say.about[id] : '';
}

draw(mp.env);
mp.on('localechange', draw);
