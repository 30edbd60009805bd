/** Sessions as lists show them. What their rows say about people is opened here; a value that was changed is left out. */
import type { Actor } from "#server/audit/schema.ts";
import { SESSION_METHODS, type SessionMethod } from "#server/auth/schema.ts";
import type { AuthServices } from "#server/auth/services.ts";
import { isAppError } from "#server/core/errors.ts";

export interface SessionRow {
  idHash: Uint8Array;
  publicId: string;
  method: string;
  userAgent: string | null;
  address: string | null;
  createdAt: Date;
  lastSeenAt: Date;
  expiresAt: Date;
}

export interface ListedSession {
  id: string;
  current: boolean;
  method: SessionMethod;
  userAgent: string | null;
  address: string | null;
  createdAt: Date;
  lastSeenAt: Date;
  expiresAt: Date;
}

/**
 * @param currentId the session that asks
 * @param actor who reads; a value that was changed in the database is on record under that name
 */
export async function describeSessions(
  { sessionSeal, refusals }: Pick<AuthServices, "sessionSeal" | "refusals">,
  rows: readonly SessionRow[],
  currentId: string,
  actor: Actor,
): Promise<ListedSession[]> {
  const unreadable = new Set<string>();
  const opened = (column: "user_agent" | "address", idHash: Uint8Array, stored: string | null): string | null => {
    try {
      return stored === null ? null : sessionSeal.open(column, idHash, stored);
    } catch (error) {
      if (isAppError(error) && error.code === "CANNOT_DECRYPT") {
        unreadable.add(`console_session.${column}`);
        return null;
      }
      throw error;
    }
  };
  const listed = rows.map(({ idHash, publicId, method, userAgent, address, createdAt, lastSeenAt, expiresAt }) => ({
    id: publicId,
    current: publicId === currentId,
    method: SESSION_METHODS.find((known) => known === method) ?? "password",
    userAgent: opened("user_agent", idHash, userAgent),
    address: opened("address", idHash, address),
    createdAt,
    lastSeenAt,
    expiresAt,
  }));
  for (const column of unreadable) {
    await refusals.record(`data.unreadable|${column}`, {
      event: "data.unreadable",
      outcome: "failed",
      actor,
      reason: "cannot_decrypt",
      data: { column },
    });
  }
  return listed;
}
