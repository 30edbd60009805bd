/** What the use cases that make tokens are given. */
import type { PolicySnapshot } from "#server/access/schema.ts";
import type { AuditEventInput } from "#server/audit/schema.ts";
import type { Clock } from "#server/core/clock.ts";
import type { Db } from "#server/core/db/client.ts";
import type { Pepper } from "#server/tokens/pepper.ts";

interface TokenSettings {
  /** Default lifetime in milliseconds. */
  expiration: number;
  /** Live tokens one owner may hold. */
  maxTokens: number;
  /** Bytes of entropy. */
  tokenLength: number;
}

export interface TokenDeps {
  db: Db;
  clock: Clock;
  pepper: Pepper;
  settings: TokenSettings;
  policy: PolicySnapshot;
}

/** The request a change came with, for the record. */
export type RequestFacts = Pick<AuditEventInput, "address" | "requestId" | "tokenId">;

/** A token that was made. */
export interface CreatedToken {
  id: string;
  /** The secret itself: leaves the server here and never again. */
  token: string;
  expiresAt: Date | null;
}

/** A token that took another one's place. */
export interface ReplacementToken extends CreatedToken {
  /** Id of the replaced token. */
  replaces: string;
  /** Until then the replaced token works, too. */
  graceEndsAt: Date;
}
