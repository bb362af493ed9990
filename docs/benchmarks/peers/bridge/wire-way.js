/** The same line without the SDK. */
import { asker } from "./asker.js";

const { port } = await globalThis[Symbol.for("citytong.mp")].take();
export const ask = asker(port);
