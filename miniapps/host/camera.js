/**
 * The camera as a reader of QR codes: the browser's own BarcodeDetector, else jsQR (loaded only then).
 */

const LOOK_EVERY_MS = 120;
const SIDE = 640;

/** @typedef {"denied" | "none" | "busy" | "broken"} CameraFault */

export class CameraError extends Error {
  /** @param {CameraFault} fault */
  constructor(fault) {
    super(fault);
    this.fault = fault;
  }
}

/**
 * Show the camera in `video` until a code is read or `signal` aborts.
 * @param {HTMLVideoElement} video
 * @param {AbortSignal} signal
 * @param {{ except?: string }} [options]  a code that was just read: its phone may still lie before the camera
 * @returns {Promise<string | null>} the text, or null when stopped
 */
export async function readCode(video, signal, { except } = {}) {
  const stream = await open();
  const stop = () => stream.getTracks().forEach((track) => track.stop());
  signal.addEventListener("abort", stop);
  try {
    video.srcObject = stream;
    await video.play();
    return await look(video, signal, await decoder(), except);
  } catch {
    if (signal.aborted) return null;
    throw new CameraError("broken");
  } finally {
    stop();
    video.srcObject = null;
  }
}

async function open() {
  if (!navigator.mediaDevices?.getUserMedia) throw new CameraError("none");
  try {
    return await navigator.mediaDevices.getUserMedia({
      audio: false,
      video: { facingMode: "environment", width: { ideal: 1280 } },
    });
  } catch (cause) {
    const faults = { NotAllowedError: "denied", SecurityError: "denied", NotReadableError: "busy", AbortError: "busy" };
    throw new CameraError(/** @type {CameraFault} */ (faults[cause.name] ?? "none"));
  }
}

async function look(video, signal, decode, except) {
  while (!signal.aborted) {
    const text = video.readyState >= 2 ? await decode(video) : null;
    if (text && text !== except) return text;
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
  return null;
}

/** @returns {Promise<(video: HTMLVideoElement) => Promise<string | null>>} */
async function decoder() {
  if (await detects()) {
    const detector = new globalThis.BarcodeDetector({ formats: ["qr_code"] });
    return async (video) => (await detector.detect(video))[0]?.rawValue ?? null;
  }
  await import("./vendor/jsqr/jsQR.js"); // sets globalThis.jsQR
  const canvas = document.createElement("canvas");
  return async (video) => {
    const { data, width, height } = middle(video, canvas);
    return globalThis.jsQR(data, width, height, { inversionAttempts: "dontInvert" })?.data || null;
  };
}

const detects = async () =>
  "BarcodeDetector" in globalThis &&
  (await globalThis.BarcodeDetector.getSupportedFormats().catch(() => [])).includes("qr_code");

/** The middle square of the picture, small enough to read eight times a second. */
function middle(video, canvas) {
  const side = Math.min(video.videoWidth, video.videoHeight);
  canvas.width = canvas.height = SIDE;
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(video, (video.videoWidth - side) / 2, (video.videoHeight - side) / 2, side, side, 0, 0, SIDE, SIDE);
  return context.getImageData(0, 0, SIDE, SIDE);
}
