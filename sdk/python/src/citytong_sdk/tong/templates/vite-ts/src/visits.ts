/** How often the citizen was here; the city keeps it for them, and for this program alone. */
import { mp } from '@citytong/sdk';

export const visits = (): number => Number(mp.getStorageSync('visits')) || 0;

export function count(): number {
  const now = visits() + 1;
  mp.setStorageSync('visits', now);
  return now;
}
