// Made by `make contract` of sdk/contract/bridge.schema.json; not to be changed by hand.
export interface Fault {
  /** JSON pointer. */
  path: string;
  problem: string;
}

/** What is wrong with the parameters of a call, or null. */
export function checkParams(method: string, params: unknown): Fault | null;
