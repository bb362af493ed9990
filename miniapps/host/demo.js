/** The demo city: where the development SMS sink answers, the sign-in page offers to fill in the code. Nowhere else. */

export const DEMO_ACCOUNTS = {
  CITIZEN: [
    ["13800000001", "张丽华"],
    ["13800000002", "Alexander Montgomery-Featherstonehaugh"],
    ["13800000003", "欧阳建国"],
  ],
  STAFF: [
    ["13900000001", "DC-0312"],
    ["13900000002", "HD-0007"],
  ],
};

const LOOK_EVERY_MS = 400;
const LOOKS = 75;
/** Two codes for one phone are never this close together. */
const SAME_MS = 500;

/** A city without the sink answers 404. @returns {Promise<boolean>} */
export async function isDemo() {
  return Boolean((await sink(DEMO_ACCOUNTS.CITIZEN[0][0]))?.ok);
}

/**
 * The code that was just asked for: messages take a moment to arrive, and until then the newest is an older one.
 * @param {string} phone
 * @param {string} expiresAt  of the code that was asked for
 * @param {AbortSignal} signal
 * @returns {Promise<string | null>}
 */
export async function demoCode(phone, expiresAt, signal) {
  for (let look = 0; look < LOOKS && !signal.aborted; look++) {
    const response = await sink(phone);
    if (!response?.ok) return null;
    const message = response.status === 200 ? await response.json() : null;
    if (message && Math.abs(Date.parse(message.expires_at) - Date.parse(expiresAt)) < SAME_MS) return message.code;
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
  return null;
}

const sink = (phone) => fetch(`/dev/sms?phone=${encodeURIComponent(phone)}`, { cache: "no-store" }).catch(() => null);
