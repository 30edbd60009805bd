/** A request reads no database: what decides about it is in memory. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { say } from "../../tests/support/api-client.ts";
import { startServer, type TestServer } from "../../tests/support/server.ts";

let server: TestServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.stop());

it("messages are answered while the web process may not read a single table of tokens and policy", async () => {
  const { token } = await server.token({ name: "busy", ownerId: "busy" });
  const tables = "token, role, gateway_user, channel_policy, auth_attempt";
  expect((await say(server.url, token)).status).toBe(200);
  await server.sql(`REVOKE SELECT ON ${tables} FROM openclaw_app`);
  try {
    const answers = await Promise.all(
      Array.from({ length: 100 }, () => say(server.url, token, "/help", { user: "ana" })),
    );
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
  } finally {
    await server.sql(`GRANT SELECT ON ${tables} TO openclaw_app`);
  }
});
