/** Signing in otherwise than by a code, proving oneself again, and what one's account is proven with. */

import { TOKENS } from "./selections.js";

const METHODS = `hasPassword passwordChangedAt recoveryCodesLeft secondStepByPasskey
  passkeys { id name createdAt lastUsedAt synced }
  totp { confirmedAt }`;

// --- signing in

export const SIGN_IN_WITH_PASSWORD = `mutation SignInWithPassword($input: SignInWithPasswordInput!) {
  signInWithPassword(input: $input) { ${TOKENS} }
}`;

export const BEGIN_PASSKEY_SIGN_IN = `mutation BeginPasskeySignIn($audience: Audience!) {
  beginPasskeySignIn(audience: $audience) { id options }
}`;

export const SIGN_IN_WITH_PASSKEY = `mutation SignInWithPasskey($input: SignInWithPasskeyInput!) {
  signInWithPasskey(input: $input) { ${TOKENS} }
}`;

export const COMPLETE_SIGN_IN = `mutation CompleteSignIn($input: CompleteSignInInput!) {
  completeSignIn(input: $input) { ${TOKENS} }
}`;

// --- another screen

export const BEGIN_LINK = `mutation BeginLink($deviceName: String!, $audience: Audience!) {
  beginLink(deviceName: $deviceName, audience: $audience) { id code secret number expiresAt }
}`;

export const FINISH_LINK = `mutation FinishLink($id: ID!, $secret: String!) {
  finishLink(id: $id, secret: $secret) { ${TOKENS} }
}`;

export const LOOK_AT_LINK = `mutation LookAtLink($code: String!) {
  lookAtLink(code: $code) { deviceName requestedAt place numbers }
}`;

export const APPROVE_LINK = `mutation ApproveLink($code: String!, $number: Int!) { approveLink(code: $code, number: $number) }`;

export const DENY_LINK = `mutation DenyLink($code: String!) { denyLink(code: $code) }`;

// --- proving oneself again

export const STEP_UP = `mutation StepUp($input: StepUpInput!) { stepUp(input: $input) { ${TOKENS} } }`;

export const REQUEST_STEP_UP_CODE = `mutation RequestStepUpCode { requestStepUpCode }`;

// --- what one's account is proven with

export const SIGN_IN_METHODS = `query SignInMethods { signInMethods { ${METHODS} } }`;

export const SET_PASSWORD = `mutation SetPassword($password: String!, $current: String) {
  setPassword(password: $password, current: $current) { ${METHODS} }
}`;

export const REMOVE_PASSWORD = `mutation RemovePassword { removePassword { ${METHODS} } }`;

export const BEGIN_PASSKEY_REGISTRATION = `mutation BeginPasskeyRegistration { beginPasskeyRegistration { options } }`;

export const ADD_PASSKEY = `mutation AddPasskey($name: String!, $credential: String!) {
  addPasskey(name: $name, credential: $credential) { id name }
}`;

export const RENAME_PASSKEY = `mutation RenamePasskey($id: ID!, $name: String!) { renamePasskey(id: $id, name: $name) { id name } }`;

export const REMOVE_PASSKEY = `mutation RemovePasskey($id: ID!) { removePasskey(id: $id) { ${METHODS} } }`;

export const ASK_FOR_PASSKEY = `mutation AskForPasskey($wanted: Boolean!) { askForPasskey(wanted: $wanted) { ${METHODS} } }`;

export const BEGIN_TOTP = `mutation BeginTotp { beginTotp { secret uri } }`;

export const CONFIRM_TOTP = `mutation ConfirmTotp($code: String!) { confirmTotp(code: $code) { recoveryCodes } }`;

export const REMOVE_TOTP = `mutation RemoveTotp { removeTotp { ${METHODS} } }`;

export const RENEW_RECOVERY_CODES = `mutation RenewRecoveryCodes { renewRecoveryCodes { recoveryCodes } }`;

// --- devices, and what was noticed

export const REGISTER_DEVICE_KEY = `mutation RegisterDeviceKey($input: RegisterDeviceKeyInput!) {
  registerDeviceKey(input: $input) { ${TOKENS} }
}`;

export const MY_DEVICES = `query MyDevices {
  devices { id name firstSeenAt lastSeenAt current trusted coolingUntil }
  securityEvents(first: 10) { nodes { kind at deviceName place } }
}`;

export const RENAME_DEVICE = `mutation RenameDevice($id: ID!, $name: String!) { renameDevice(id: $id, name: $name) { id name } }`;

export const FORGET_DEVICE = `mutation ForgetDevice($id: ID!) { forgetDevice(id: $id) }`;

export const END_OTHER_SESSIONS = `mutation EndOtherSessions { endOtherSessions }`;

// --- another phone number

export const PHONE_CHANGE = `query MyPhoneChange { phoneChange { id maskedPhone state effectiveAt } me { id maskedPhone } }`;

export const BEGIN_PHONE_CHANGE = `mutation BeginPhoneChange($newPhone: String!) {
  beginPhoneChange(newPhone: $newPhone) { id maskedPhone state effectiveAt }
}`;

export const CONFIRM_PHONE_CHANGE = `mutation ConfirmPhoneChange($code: String!) {
  confirmPhoneChange(code: $code) { id maskedPhone state effectiveAt }
}`;

export const CANCEL_PHONE_CHANGE = `mutation CancelPhoneChange { cancelPhoneChange }`;
