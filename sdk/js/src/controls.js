/** What the host draws for a program (buttons), keeps for it (logs), and lies ready with (a newer version). */
const GATHERED = 50;
const KEPT = 500;
const SOON_MS = 1000;
const LETTERS = 4096;

/** `ui.mainButton` and its like: `ask(method, params)` draws, `on(event, fn, options)` hears taps. */
export function button(method, event, ask, on) {
  return { set: (state) => ask(method, state), onClick: (fn, options) => on(event, () => fn(), options) };
}

export function updateManager(on, ask) {
  return {
    onUpdateReady: (fn, options) => on('update-ready', fn, options),
    applyUpdate: () => ask('updateApply'),
  };
}

/** Lines that go to the developer's log, gathered for a second. Never throws, never rejects; the oldest go first. */
export class Log {
  #lines = [];
  #timer = null;
  #write;
  info = (...said) => this.#add('info', said);
  warn = (...said) => this.#add('warn', said);
  error = (...said) => this.#add('error', said);

  /** @param {(entries: object[]) => Promise<unknown>} write */
  constructor(write) {
    this.#write = write;
  }

  /** From now on what the page writes to `console` goes to the log as well, until the function that comes back is called. */
  captureConsole = (levels = ['log', 'info', 'warn', 'error']) => {
    const before = levels.map((level) => [level, console[level]]);
    for (const [level, print] of before) {
      console[level] = (...said) => {
        print.apply(console, said);
        this.#add(level === 'warn' || level === 'error' ? level : 'info', said);
      };
    }
    return () => before.forEach(([level, print]) => (console[level] = print));
  };

  /** Sends what there is; what cannot be sent is let go. */
  flush() {
    clearTimeout(this.#timer);
    this.#timer = null;
    while (this.#lines.length) this.#write(this.#lines.splice(0, GATHERED)).catch(() => {});
  }

  #add(level, said) {
    this.#lines.push({ level, at: Date.now(), text: said.map(words).join(' ').slice(0, LETTERS) });
    if (this.#lines.length > KEPT) this.#lines.shift();
    if (this.#timer) return;
    this.#timer = setTimeout(() => this.flush(), SOON_MS);
    this.#timer.unref?.();
  }
}

function words(thing) {
  if (typeof thing === 'string') return thing;
  if (thing instanceof Error) return thing.stack || String(thing);
  try {
    return JSON.stringify(thing) ?? String(thing);
  } catch {
    return String(thing);
  }
}
