/** What sign-in and sessions need of the running server. */
import type { PolicyStore } from "#server/access/index.ts";
import type { AttemptLimiter } from "#server/auth/attempt-limiter.ts";
import type { FactorSeal } from "#server/auth/factor-seal.ts";
import type { Passwords } from "#server/auth/passwords.ts";
import type { SessionSeal } from "#server/auth/session-seal.ts";
import type { AuditWriter, Collapser } from "#server/audit/index.ts";
import type { Clock } from "#server/core/clock.ts";
import type { Db } from "#server/core/db/client.ts";
import type { WebOrigin } from "#server/core/http/web-origin.ts";
import type { LockStore } from "#server/incidents/index.ts";
import type { Logger } from "#server/core/log.ts";

export interface AuthServices {
  db: Db;
  audit: AuditWriter;
  clock: Clock;
  log: Logger;
  web: WebOrigin;
  /** Key material of the session cookie and of what else only this server may have made; at least 32 characters. */
  sessionSecret: string;
  /** Encryption of what session rows say about people. */
  sessionSeal: SessionSeal;
  /** Encryption of authenticator seeds. */
  factorSeal: FactorSeal;
  passwords: Passwords;
  /** The roles in force, read at every call. */
  policy: PolicyStore;
  /** `security.authentication.mfa.requiredRoles` in force: names of roles, or `*`. */
  mfaRoles(): readonly string[];
  /** Shared by every way to prove who one is. */
  attempts: AttemptLimiter;
  /** Whom an incident has shut out. */
  locks: LockStore;
  /** Records refusals that may come in floods. */
  refusals: Collapser;
}

/** Where a call came from, as the server itself saw it. */
export interface CallOrigin {
  address: string;
  requestId: string;
  userAgent: string | null;
  /** The Host header, which the server has checked to be one of its own. */
  host?: string | null;
}
