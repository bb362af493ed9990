/** `@citytong/sdk`: what a mini-program of CityTong says to its host. Importing it never throws and waits for nothing. */
import { createMp } from './mp.js';

export { MpError } from './errors.js';
export const mp = createMp();
/** The W3C objects of a program's life and its page's. */
export const global = mp.global;
export const page = mp.page;
