/** The one document: it shows one of two views, and its tabs change between them (the style of a single page, "spa"). */
import { mp } from '../app.js';
import { h } from '../common/dom.js';
import { t } from '../common/words.js';
import { codeView } from './code.js';
import { scansView } from './scans.js';

const VIEWS = { code: codeView, scans: scansView };

const place = document.querySelector('#view');
const tabs = document.querySelector('#tabs');
let shown = null;
/** @type {{ refresh: () => Promise<void>, end: () => void } | null} */
let view = null;

function show(name) {
  view?.end();
  shown = name;
  tabs.setAttribute('aria-label', t('tabs'));
  tabs.replaceChildren(
    ...Object.keys(VIEWS).map((tab) =>
      h('button', { type: 'button', id: tab, 'aria-current': tab === name ? 'page' : null, click: () => turn(tab) }, t(`tab.${tab}`)),
    ),
  );
  view = VIEWS[name](place);
}

/** A tab was pressed. */
function turn(name) {
  show(name);
  document.getElementById(name).focus(); // the tabs were drawn anew under the finger
}

show(mp.launch.query.tab === 'scans' ? 'scans' : 'code');
mp.on('appshow', () => view.refresh());
mp.on('capabilitychange', () => view.refresh());
mp.on('networkchange', ({ isConnected }) => isConnected && view.refresh());
mp.on('pulldownrefresh', () => view.refresh().finally(() => mp.stopPullDownRefresh()));
mp.on('localechange', () => show(shown));
mp.on('fontscale', () => show(shown));
