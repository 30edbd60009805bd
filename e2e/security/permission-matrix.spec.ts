/**
 * Every procedure of the console, called over HTTP by everybody who may not: the list comes from the running code, so that whatever is added
 * later is attacked too. What a role may is worked out by the catalogue's own matcher, what happens by the server.
 */
import { can, OWN_ACCOUNT, PERMISSIONS } from "../../server/access/permissions.ts";
import { newRole } from "../support/cli.ts";
import { ORIGIN } from "../support/environment.ts";
import { expect, test } from "../support/fixtures.ts";
import { newMember, newMemberWithoutFactor } from "../support/members.ts";
import { callProcedure, callTogether, listProcedures, type Procedure } from "../support/procedures.ts";

const READS = PERMISSIONS.filter((permission) => permission.endsWith(":read"));
/** Each permission is held by some of them and lacked by others. */
const ROLES: Record<string, readonly string[]> = {
  "matrix-nobody": ["messages:send"],
  "matrix-reader": READS,
  "matrix-access": ["tokens:*", "roles:*", "users:*", "channels:*", "policy:*"],
  "matrix-operations": ["runs:*", "quarantine:*", "limits:*", "config:*", "backups:*", "overview:*"],
  "matrix-people": ["members:*", "audit:*"],
};

let procedures: Procedure[];

test.beforeAll(async () => {
  procedures = await listProcedures();
  expect(procedures.length).toBeGreaterThan(50);
});

test("AUTH-10 nobody without a session gets anything from any procedure", async ({ newClient }) => {
  const client = await newClient();
  for (const procedure of procedures) {
    expect(await callProcedure(client, procedure), procedure.path).toEqual({ status: 401, appCode: "UNAUTHENTICATED" });
  }
});

test("AUTH-10 before the second factor nothing is open but enrolling one", async ({ newClient }) => {
  const client = await newClient();
  await newMemberWithoutFactor(client);
  for (const procedure of procedures.filter(({ enrolment }) => !enrolment)) {
    expect(await callProcedure(client, procedure), procedure.path).toEqual({ status: 403, appCode: "MFA_REQUIRED" });
  }
});

for (const [role, permissions] of Object.entries(ROLES)) {
  test(`AUTHZ-1 role ${role} can do what it holds and nothing else`, async ({ newClient }) => {
    await newRole(role, permissions);
    const client = await newClient();
    await newMember(client, role);
    const refused = procedures.filter(({ permission }) => permission !== OWN_ACCOUNT && !can(permissions, permission));
    expect(refused.length).toBeGreaterThan(10);
    for (const procedure of refused) {
      expect(await callProcedure(client, procedure), procedure.path).toEqual({ status: 403, appCode: "FORBIDDEN" });
    }
    // Queries only: a change without input may be a change all the same.
    for (const procedure of procedures.filter(
      ({ type, permission }) => type === "query" && can(permissions, permission),
    )) {
      expect([200, 400, 404], procedure.path).toContain((await callProcedure(client, procedure)).status);
    }
  });
}

test("in a batch each call is answered for itself: an allowed one carries no other along", async ({ newClient }) => {
  await newRole("matrix-reader", READS);
  const client = await newClient();
  await newMember(client, "matrix-reader");
  const mutations = procedures.filter(
    ({ type, permission }) => type === "mutation" && permission !== OWN_ACCOUNT && !can(READS, permission),
  );
  for (let from = 0; from < mutations.length; from += 9) {
    const batch = mutations.slice(from, from + 9);
    expect(await callTogether(client, batch), batch.map(({ path }) => path).join()).toEqual(
      batch.map(() => "FORBIDDEN"),
    );
  }
  const mixed = procedures.filter(({ path }) => ["account.viewer", "overview.status"].includes(path));
  expect(await callTogether(client, mixed)).toEqual(mixed.map(() => null));
});

test("no procedure answers another site, whatever session its request carries", async ({ newClient }) => {
  const client = await newClient();
  await newMember(client, "admin");
  for (const procedure of procedures) {
    const foreign: Record<string, string>[] = [
      { origin: "https://evil.example" },
      { origin: ORIGIN, "sec-fetch-site": "cross-site" },
    ];
    for (const headers of foreign) {
      expect((await callProcedure(client, procedure, headers)).status, procedure.path).toBe(403);
    }
  }
});
