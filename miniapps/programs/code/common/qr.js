/** The code as a picture: QR with error correction M, four modules of quiet zone, dark on white in every theme. */
import { svg } from './dom.js';
import { encode } from './uqr/uqr.js';

const QUIET = 4;

export function qr(text, label) {
  const { data, size } = encode(text, { ecc: 'M', boostEcc: false, border: QUIET });
  return svg(
    'svg',
    { class: 'qr', viewBox: `0 0 ${size} ${size}`, role: 'img', 'aria-label': label, 'shape-rendering': 'crispEdges' },
    svg('rect', { width: size, height: size, fill: '#ffffff' }),
    svg('path', { d: data.map(runs).join(''), fill: '#16181d' }),
  );
}

/** Dark modules beside each other are one rectangle: no hairlines between them. */
function runs(row, y) {
  let path = '';
  for (let x = 0; x < row.length; x++) {
    const from = x;
    while (row[x]) x++;
    if (x > from) path += `M${from} ${y}h${x - from}v1h-${x - from}z`;
  }
  return path;
}
