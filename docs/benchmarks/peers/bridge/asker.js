/** The least that tells answers apart. */
export function asker(port) {
  const calls = new Map();
  let last = 0;
  port.onmessage = ({ data: { id, ok } }) => {
    const answered = calls.get(id);
    if (!answered) return; // an event of the host
    calls.delete(id);
    answered(ok);
  };
  return (variables) =>
    new Promise((resolve) => {
      last += 1;
      calls.set(last, resolve);
      port.postMessage({ id: last, m: "graphql", p: { documentId: "echo", variables } });
    });
}
