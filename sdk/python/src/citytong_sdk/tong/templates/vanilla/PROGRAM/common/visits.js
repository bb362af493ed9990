/** How often the citizen was here; the city keeps it for them, and for this program alone. */
import { mp } from '../sdk/index.js';

export const visits = () => Number(mp.getStorageSync('visits')) || 0;

export function count() {
  const now = visits() + 1;
  mp.setStorageSync('visits', now);
  return now;
}
