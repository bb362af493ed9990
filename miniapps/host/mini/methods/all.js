/** Every method that this host has, by its name in the bridge's contract. */

import { METHODS } from "../generated/bridge.js";
import { pluggedIn } from "../plugs.js";
import { device } from "./device.js";
import { files } from "./files.js";
import { identity } from "./identity.js";
import { messages } from "./messages.js";
import { navigation } from "./navigation.js";
import { permissions } from "./permissions.js";
import { system } from "./system.js";
import { ui } from "./ui.js";

/** @type {Record<string, import("../plugs.js").Method>} */
const OURS = { ...device, ...files, ...identity, ...messages, ...navigation, ...permissions, ...system, ...ui };

/** @param {string} name @returns {import("../plugs.js").Method | null} */
export const method = (name) => (Object.hasOwn(OURS, name) ? OURS[name] : pluggedIn(name));

/** Of the contract, but not here. */
export const unsupported = () => Object.keys(METHODS).filter((name) => method(name) === null);
