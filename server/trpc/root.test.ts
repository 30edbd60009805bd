/** Walks the whole router: whatever is added later is covered without anybody remembering to. */
import { describe, expect, test } from "vitest";
import { testLocks } from "../../tests/support/locks.ts";
import { can, isKnownPermission, OWN_ACCOUNT } from "#server/access/permissions.ts";
import type { AuditEventInput } from "#server/audit/schema.ts";
import type { ConsoleContext } from "#server/trpc/context.ts";
import { createCaller, appRouter } from "#server/trpc/root.ts";

interface Definition {
  meta?: { permission?: string; stepUp?: boolean; enrolment?: boolean };
  output?: unknown;
}

const procedures: [string, Definition][] = Object.entries(appRouter._def.procedures).map(([path, procedure]) => [
  path,
  (procedure as unknown as { _def: Definition })._def,
]);

/** Only what a refusal touches: anything else a procedure reached for would fail the test. */
function contextOf(permissions: readonly string[] | null, secondFactor: "verified" | "missing" = "verified") {
  const recorded: AuditEventInput[] = [];
  const context = {
    services: {
      clock: { now: () => 1 },
      audit: {
        append: async (events: AuditEventInput[]) => void recorded.push(...events),
        close: async () => undefined,
      },
      locks: testLocks(),
      refusals: { record: async (_key: string, event: AuditEventInput) => void recorded.push(event) },
    },
    origin: { address: "192.0.2.1", requestId: "req_1", userAgent: null },
    session:
      permissions === null
        ? null
        : {
            actor: { type: "member", id: "ana" },
            permissions,
            secondFactor,
            steppedUpUntil: null,
            expiresAt: new Date(),
          },
  } as unknown as ConsoleContext;
  return { context, recorded };
}

function call(context: ConsoleContext, path: string): Promise<unknown> {
  const [namespace = "", name = ""] = path.split(".");
  const caller = createCaller(context) as unknown as Record<
    string,
    Record<string, (input?: unknown) => Promise<unknown>>
  >;
  return Promise.resolve(caller[namespace]?.[name]?.());
}

test("there is something to walk", () => {
  expect(procedures.length).toBeGreaterThan(0);
});

describe.each(procedures)("%s", (path, definition) => {
  test("names a permission of the catalogue", () => {
    expect(definition.meta?.permission).toSatisfy(
      (name: unknown) => typeof name === "string" && (isKnownPermission(name) || name === OWN_ACCOUNT),
    );
  });

  test("declares what it returns", () => {
    expect(definition.output).toBeDefined();
  });

  test("CVE-2026-25593 refuses a caller without a session, and records it first", async () => {
    const { context, recorded } = contextOf(null);
    await expect(call(context, path)).rejects.toMatchObject({ cause: { code: "UNAUTHENTICATED" } });
    expect(recorded).toMatchObject([{ event: "auth.session_rejected", outcome: "denied", target: path }]);
  });

  if (definition.meta?.permission !== OWN_ACCOUNT) {
    test("refuses a session without that permission, and records it first", async () => {
      const permission = definition.meta?.permission ?? "";
      const { context, recorded } = contextOf(
        ["read", "nothing:here"].filter((granted) => !can([granted], permission)),
      );
      await expect(call(context, path)).rejects.toMatchObject({ cause: { code: "FORBIDDEN" } });
      expect(recorded).toMatchObject([
        { event: "access.denied", outcome: "denied", actor: { id: "ana" }, target: path, because: permission },
      ]);
    });
  }

  if (definition.meta?.enrolment !== true) {
    test("refuses a session before its second factor is enrolled", async () => {
      const { context, recorded } = contextOf(["*"], "missing");
      await expect(call(context, path)).rejects.toMatchObject({ cause: { code: "MFA_REQUIRED" } });
      expect(recorded).toMatchObject([{ event: "access.denied", reason: "second_factor_missing", target: path }]);
    });
  }

  if (definition.meta?.stepUp === true) {
    test("asks for a fresh proof of identity", async () => {
      const { context, recorded } = contextOf(["*"]);
      await expect(call(context, path)).rejects.toMatchObject({ cause: { code: "STEP_UP_REQUIRED" } });
      expect(recorded).toMatchObject([{ event: "access.denied", reason: "step_up_missing", target: path }]);
    });
  }
});
