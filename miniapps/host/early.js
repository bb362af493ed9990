/**
 * Runs before the first paint, while the modules are still on their way: a reader of the dark theme sees no white flash,
 * and a reader of large type no small type. `prefs.js` checks and owns these values; this only goes ahead.
 */
(() => {
  const root = document.documentElement;
  let kept = {};
  try {
    kept = JSON.parse(localStorage.getItem("citytong.prefs")) ?? {};
  } catch {
    // A damaged entry is as good as none.
  }
  const system = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  root.dataset.theme = ["light", "dark"].includes(kept.theme) ? kept.theme : system;
  root.dataset.mode = kept.mode === "elder" ? "elder" : "standard";
  root.dataset.text = ["large", "larger"].includes(kept.text) ? kept.text : "normal";
})();
