// Subscribes at the address given, in graphql-sse's distinct connections mode; prints each answer as a line of JSON, and
// at last {"ended": …}: how.
import { createClient } from "graphql-sse";

const [url, query] = process.argv.slice(2);
const client = createClient({ url, retryAttempts: 0 });
const tell = (told) => process.stdout.write(`${JSON.stringify(told)}\n`);
try {
  for await (const answer of client.iterate({ query })) tell(answer);
  tell({ ended: "complete" });
} catch (fault) {
  tell({ ended: fault.constructor.name, status: fault.response?.status });
} finally {
  client.dispose();
}
