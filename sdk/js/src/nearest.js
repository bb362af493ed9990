/** The name most like `name` (edit distance with swaps of neighbours), for messages: a typo should name its cure. */
export function nearest(name, names) {
  let best = '';
  let least = Infinity;
  for (const candidate of names) {
    const steps = distance(name.toLowerCase(), candidate.toLowerCase());
    if (steps < least) [best, least] = [candidate, steps];
  }
  return best;
}

function distance(a, b) {
  let before = [];
  let last = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const line = [row];
    for (let column = 1; column <= b.length; column++) {
      const same = a[row - 1] === b[column - 1];
      line[column] = Math.min(last[column] + 1, line[column - 1] + 1, last[column - 1] + (same ? 0 : 1));
      if (row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1]) {
        line[column] = Math.min(line[column], before[column - 2] + 1);
      }
    }
    [before, last] = [last, line];
  }
  return last[b.length];
}
