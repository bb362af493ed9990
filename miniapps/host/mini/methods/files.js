/** Pictures that a person gives a program, or takes from one. */

import { BridgeError } from "../errors.js";
import { base64, fromBase64 } from "../files.js";

/** @type {Record<string, import("../plugs.js").Method>} */
export const files = {
  async mediaChoose({ program, params, signal }) {
    const chosen = await program.ask((until) => program.chrome.choosePhotos(params, until), signal);
    const images = (chosen ?? []).filter(({ type }) => /^image\/[a-z0-9.+-]+$/.test(type)).slice(0, params.count);
    if (images.length === 0) throw new BridgeError("E_USER_CANCEL");
    return { files: images.map((file) => ({ file: program.files.add(file), type: file.type, size: file.size })) };
  },

  async tempFileRead({ program, params: { file, offset, length } }) {
    return { data: await base64(program.files.get(file).slice(offset, offset + length)) };
  },

  tempFileWrite({ program, params: { file, type = "image/png", data } }) {
    const bytes = fromBase64(data);
    const id = file ?? program.files.add(new Blob([], { type }));
    program.files.append(id, bytes);
    return { file: id, size: program.files.get(id).size };
  },

  async albumSave({ program, params, signal }) {
    const image = program.files.get(params.file);
    const question = /** @type {const} */ ({ kind: "save-image", subject: program.facts.name, image });
    if (!(await program.ask((until) => program.chrome.confirmSheet(question, until), signal))) {
      throw new BridgeError("E_USER_CANCEL");
    }
    program.chrome.save(`${program.facts.appId}.${image.type.split("/")[1].replace(/\W.*/, "")}`, image);
    return {};
  },
};
