/** A program without the SDK: takes the line and keeps all it hears, for tests to ask. */
const taken = globalThis[Symbol.for("citytong.mp")].take();
globalThis.early = !(taken instanceof Promise);
const { port, welcome } = await taken;
const calls = new Map();
let last = 0;
globalThis.events = [];
globalThis.welcome = welcome;
globalThis.post = (message) => port.postMessage(message);
port.onclose = () => (globalThis.closed = true);
port.onmessage = ({ data }) => {
  if (data.ev) globalThis.events.push(data);
  else calls.get(data.id)?.(data);
};
globalThis.ask = (m, p) =>
  new Promise((resolve) => {
    last += 1;
    calls.set(last, resolve);
    port.postMessage({ id: last, m, p });
  });
globalThis.ready = true;
