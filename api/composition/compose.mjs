// Reads {"name": {"url": …, "sdl": …}} on standard input; prints the supergraph, or every fault and exits with 1.
import { readFileSync } from "node:fs";
import { composeServices, compositionHasErrors } from "@theguild/federation-composition";
import { parse } from "graphql";

const subgraphs = JSON.parse(readFileSync(0, "utf8"));
const result = composeServices(
  Object.entries(subgraphs).map(([name, { url, sdl }]) => ({ name, url, typeDefs: parse(sdl) })),
);
if (compositionHasErrors(result)) {
  for (const error of result.errors) process.stderr.write(`${error.extensions?.code ?? "ERROR"}: ${error.message}\n`);
  process.exit(1);
}
process.stdout.write(`${result.supergraphSdl.trimEnd()}\n`);
