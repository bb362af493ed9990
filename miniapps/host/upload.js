/** Photos on their way to the city: made no larger than it takes, sent with a count of what has gone. */

import { CityError, firstCode, fromGraph, OFFLINE, sendAsMyself, UNREACHABLE } from "./api.js";
import { prefs } from "./prefs.js";

const UPLOADS = "/uploads/report-photos";
const BYTES_MAX = 10_000_000;
const SIDE_MAX = 2048;
const QUALITY = 0.85;
const TAKEN = ["image/jpeg", "image/png", "image/webp"];
const TIMEOUT_MS = 40_000;

/**
 * @param {Blob} file
 * @param {{ signal: AbortSignal, onprogress: (share: number) => void }} on
 * @returns {Promise<{ id: string, url: string, thumbnailUrl: string }>}
 */
export async function uploadPhoto(file, { signal, onprogress }) {
  const photo = await fitting(file);
  const answer = await sendAsMyself("POST", UPLOADS, (shown) => send(photo, shown, { signal, onprogress }));
  if (answer.status !== 201) throw refused(answer.body);
  return answer.body;
}

/** As it is where the city takes it so; else drawn anew, smaller. @param {Blob} file */
async function fitting(file) {
  const picture = await createImageBitmap(file).catch(() => null);
  if (!picture) throw new CityError("CLIENT_PHOTO_UNREADABLE", "");
  const share = SIDE_MAX / Math.max(picture.width, picture.height);
  if (share >= 1 && file.size <= BYTES_MAX && TAKEN.includes(file.type)) return file;
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(picture.width * Math.min(1, share));
  canvas.height = Math.round(picture.height * Math.min(1, share));
  canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
  picture.close();
  const made = await new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", QUALITY));
  if (!made) throw new CityError("CLIENT_PHOTO_UNREADABLE", "");
  return made;
}

/** XMLHttpRequest, because fetch does not tell what has gone. */
function send(photo, shown, { signal, onprogress }) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", UPLOADS);
    request.timeout = TIMEOUT_MS;
    request.responseType = "json";
    const headers = { ...shown, "Content-Type": photo.type, "Accept-Language": prefs().locale };
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.upload.onprogress = ({ loaded, total }) => onprogress(loaded / total);
    request.onload = () => {
      const { status, response: body } = request;
      resolve({ status, body, code: firstCode(body), date: request.getResponseHeader("Date") });
    };
    request.onerror = request.ontimeout = () => reject(new CityError(navigator.onLine ? UNREACHABLE : OFFLINE, ""));
    request.onabort = () => reject(new DOMException("", "AbortError"));
    signal.addEventListener("abort", () => request.abort());
    request.send(photo);
  });
}

/** The door's words for why, in GraphQL's shape. */
const refused = (answer) => (answer?.errors?.length ? fromGraph(answer.errors[0]) : new CityError(UNREACHABLE, ""));
