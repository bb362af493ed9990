/** The middle of each district (its seat of government), WGS-84 [longitude, latitude], by GB/T 2260. */
const MIDDLES = {
  110101: [116.4164, 39.9288],
  110102: [116.3659, 39.9123],
  110105: [116.4435, 39.9215],
  110106: [116.2868, 39.8585],
  110107: [116.2229, 39.9066],
  110108: [116.2981, 39.9593],
  110109: [116.102, 39.9406],
  110111: [116.1432, 39.7488],
  110112: [116.6564, 39.9097],
  110113: [116.6546, 40.1301],
  110114: [116.2312, 40.2207],
  110115: [116.3415, 39.7268],
  110116: [116.632, 40.3161],
  110117: [117.1214, 40.1406],
  110118: [116.843, 40.3762],
  110119: [115.975, 40.4567],
};

/** How much nearer together meridians are at the city's latitude. */
const NARROW = Math.cos((40 * Math.PI) / 180);

const between = ([x, y], [u, v]) => Math.hypot((x - u) * NARROW, y - v);

/** Codes of all districts, the nearest to this place first. */
export const nearestTo = ({ longitude, latitude }) =>
  Object.keys(MIDDLES).sort((one, other) => between(MIDDLES[one], [longitude, latitude]) - between(MIDDLES[other], [longitude, latitude]));

/** The district itself, then its neighbours. */
export function around(code) {
  const [longitude, latitude] = MIDDLES[code] ?? MIDDLES[110101];
  return nearestTo({ longitude, latitude });
}
