// The benchmark's schema and data on a Node server: `node serve.js apollo|mercurius`. Prints its URL.
import process from "node:process";

const typeDefs = `
  enum Language { ZH EN }
  type District { code: ID! name: String! }
  type Session { id: ID! deviceName: String! lastSeenAt: String! current: Boolean! }
  type Citizen {
    id: ID! name: String maskedName: String! maskedPhone: String! realNameLevel: Int! language: Language!
    createdAt: String! email: String verified: Boolean! score: Float! birthYear: Int unread: Int!
    homeDistrict: District sessions: [Session!]!
  }
  type Query { me: Citizen }
`;
const at = new Date("2026-11-22T08:00:00Z");
const written = (value) => value.toISOString();
const citizen = {
  id: "cit_01", name: "王小明", maskedName: "*小明", maskedPhone: "138****0001", realNameLevel: 3, language: "ZH",
  createdAt: at, email: null, verified: true, score: 0.75, birthYear: 1990, unread: 4, homeCode: "110101",
  sessions: Array.from({ length: 5 }, (_, n) => ({ id: `ses_${n}`, deviceName: `Phone ${n}`, lastSeenAt: at, current: n === 0 })),
};
const names = { 110101: "东城区" };
const resolvers = {
  Query: { me: async () => citizen },
  Citizen: {
    createdAt: (source) => written(source.createdAt),
    homeDistrict: (source) => ({ code: source.homeCode, name: names[source.homeCode] }),
  },
  Session: { lastSeenAt: (source) => written(source.lastSeenAt) },
};

if (process.argv[2] === "apollo") {
  const { ApolloServer } = await import("@apollo/server");
  const { startStandaloneServer } = await import("@apollo/server/standalone");
  const server = new ApolloServer({ typeDefs, resolvers, csrfPrevention: false });
  const { url } = await startStandaloneServer(server, { listen: { host: "127.0.0.1", port: 0 } });
  console.log(`${url}graphql`);
} else {
  const { default: fastify } = await import("fastify");
  const { default: mercurius } = await import("mercurius");
  const app = fastify();
  app.register(mercurius, { schema: typeDefs, resolvers, jit: 1, path: "/graphql" });
  console.log(`${await app.listen({ host: "127.0.0.1", port: 0 })}/graphql`);
}
