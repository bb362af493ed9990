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

/** The sink speaks JSON whatever it says; a city without it answers 404 in some other way. @returns {Promise<boolean>} */
export async function isDemo() {
  return (await sink(DEMO_ACCOUNTS.CITIZEN[0][0])) !== null;
}

/** @param {string} phone @returns {Promise<string | null>} */
export const demoCode = async (phone) => (await sink(phone))?.code ?? null;

async function sink(phone) {
  const response = await fetch(`/dev/sms?phone=${encodeURIComponent(phone)}`, { cache: "no-store" }).catch(() => null);
  return response?.json().catch(() => null) ?? null;
}
