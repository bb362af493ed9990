/** Through the SDK, as programs ask. */
import { mp } from "./sdk.js";

await mp.ready();
export const ask = (variables) => mp.graphql("echo", variables);
