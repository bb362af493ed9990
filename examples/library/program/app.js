/** What every page begins with: the SDK's one object. */
export { mp, MpError } from './sdk/index.js';
