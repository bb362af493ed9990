/** Aborts with the first of them: AbortSignal.any, which phones older than 2023 lack. @param {...AbortSignal} signals */
export function firstOf(...signals) {
  const first = new AbortController();
  for (const signal of signals) {
    if (signal.aborted) first.abort(signal.reason);
    signal.addEventListener("abort", () => first.abort(signal.reason), { signal: first.signal });
  }
  return first.signal;
}
