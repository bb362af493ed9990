// Made by `make contract` of sdk/contract/bridge.schema.json; not to be changed by hand.
export const PERMISSIONS = {
  login: "city.user.openid",
  checkSession: "city.user.openid",
  getLaunchToken: "city.user.openid",
  getUserProfile: "city.user.profile",
  getPhoneNumber: "city.user.phone",
  getLocation: "city.device.location.fuzzy",
  scanCode: "city.device.camera",
  mediaChoose: "city.device.album",
  albumSave: "city.device.album",
  setClipboardData: "city.device.clipboard",
  getClipboardData: "city.device.clipboard",
  requestPayment: "city.pay",
  requestSubscribeMessage: "city.message.subscribe",
};

/** Of some: [a parameter, its value, the permission that is needed then instead]. */
export const PERMISSIONS_WHEN = { getLocation: [["type", "exact", "city.device.location"]], mediaChoose: [["source", "camera", "city.device.camera"]] };
