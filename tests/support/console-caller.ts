/** Calls procedures as somebody, without HTTP: sessions are made up, everything behind them is real. */
import { testLocks } from "./locks.ts";
import type { ConsoleSession } from "#server/auth/session.ts";
import type { AppServices } from "#server/services.ts";
import type { ConsoleContext } from "#server/trpc/context.ts";
import { createCaller } from "#server/trpc/root.ts";

/** A member with these permissions, who has just proven who they are. */
export function memberSession(id: string, over: Partial<ConsoleSession> = {}): ConsoleSession {
  const later = new Date(Date.now() + 365 * 86_400_000);
  return {
    id: `session-of-${id}`,
    actor: { type: "member", id },
    memberId: id,
    name: id,
    email: `${id}@example.com`,
    role: "user",
    permissions: [],
    secondFactor: "verified",
    factorProven: true,
    steppedUpUntil: later,
    expiresAt: later,
    idleUntil: later,
    ...over,
  };
}

/** @param services what the called procedures use; anything else they reach for fails the test. */
export function callerOf(services: Partial<AppServices>, session: ConsoleSession | null) {
  const context = {
    // Behind the given ones: what they get later is seen too.
    services:
      "locks" in services
        ? services
        : Object.assign(Object.create(services) as Partial<AppServices>, { locks: testLocks() }),
    origin: { address: "192.0.2.1", requestId: "req_test", userAgent: null },
    session,
  } as unknown as ConsoleContext;
  return createCaller(context);
}
