/**
 * Every place where somebody proves who they are, and those where nobody has to. Nothing answers outside this list: a test walks the routes of
 * the API, the console's files and the upgrade paths, and attacks each of them.
 */
import type { AuditEventName } from "#server/audit/index.ts";
import type { CredentialKind } from "#server/auth/attempt-limiter.ts";

interface AuthSurface {
  /** What is proven there, and so which failures are counted together; null = nothing. */
  credential: CredentialKind | null;
  /** The event of a refusal. */
  rejected: AuditEventName | null;
}

export const SURFACES = {
  /** Health, the API's description, sign-in pages, static files: says nothing that depends on who asks. */
  public: { credential: null, rejected: null },
  /** The API: a token in a header, before the body is read. */
  token: { credential: "token", rejected: "auth.token_rejected" },
  /** Exchanging a token for its successor, which a superseded token may still ask for. */
  token_exchange: { credential: "token", rejected: "auth.token_rejected" },
  /** A live connection: a token in a header or in the first frame. */
  websocket: { credential: "token", rejected: "auth.token_rejected" },
  /** A webhook of a messaging platform: a secret header or a signature over the raw body, as the platform documents. */
  hook: { credential: "hook", rejected: "channel.delivery_refused" },
  /** The console's sign-in: links, passwords, codes and passkeys, each counted as its own kind. */
  sign_in: { credential: "link", rejected: "auth.console_link_rejected" },
  /** The console: a session cookie whose row is checked on every call. */
  session: { credential: "session", rejected: "auth.session_rejected" },
} as const satisfies Record<string, AuthSurface>;

export type SurfaceName = keyof typeof SURFACES;

/** The console's routes and pages by file below `app/`: Next finds them by their place, so this is where they are declared. */
export const CONSOLE_SURFACES: Readonly<Record<string, SurfaceName>> = {
  "api/audit/export/route.ts": "session",
  "api/auth/[...nextauth]/route.ts": "sign_in",
  "api/sign-in/[step]/route.ts": "sign_in",
  "api/trpc/[trpc]/route.ts": "session",
  "api/runs/[runId]/files/[fileId]/route.ts": "session",
  "api/v1/[...route]/route.ts": "token",
  "v1/[...route]/route.ts": "token",
  "hooks/[...route]/route.ts": "token",
  "page.tsx": "public",
  "(auth)/setup/page.tsx": "public",
  "(auth)/sign-in/page.tsx": "public",
  "(auth)/enrol/page.tsx": "session",
  "(auth)/locked/page.tsx": "session",
  "(console)/alerts/page.tsx": "session",
  "(console)/audit/page.tsx": "session",
  "(console)/overview/page.tsx": "session",
  "(console)/quarantine/page.tsx": "session",
  "(console)/runs/page.tsx": "session",
  "(console)/runs/[runId]/page.tsx": "session",
  "(console)/limits/page.tsx": "session",
  "(console)/tokens/page.tsx": "session",
  "(console)/account/page.tsx": "session",
  "(console)/members/page.tsx": "session",
  "(console)/roles/page.tsx": "session",
  "(console)/roles/simulate/page.tsx": "session",
  "(console)/users/page.tsx": "session",
  "(console)/channels/page.tsx": "session",
  "(console)/pairing/page.tsx": "session",
  "(console)/platforms/page.tsx": "session",
  "(console)/models/page.tsx": "session",
  "(console)/monitoring/page.tsx": "session",
  "(console)/approvals/page.tsx": "session",
  "(console)/deliveries/page.tsx": "session",
  "(console)/config/page.tsx": "session",
  "(console)/keys/page.tsx": "session",
  "(console)/backups/page.tsx": "session",
  "(console)/incidents/page.tsx": "session",
  "(console)/scans/page.tsx": "session",
};
