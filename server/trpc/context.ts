/** What every procedure knows about its call. Built once per HTTP request, so a batch reads its session once. */
import { ACTIVE_HEADER } from "#server/auth/policy.ts";
import type { CallOrigin } from "#server/auth/services.ts";
import type { ConsoleSession } from "#server/auth/session.ts";
import { authenticateSession } from "#server/auth/session-surface.ts";
import { ADDRESS_HEADER, REQUEST_ID_HEADER } from "#server/core/http/page-request.ts";
import { newRequestId } from "#server/core/ids.ts";
import type { AppServices } from "#server/services.ts";

export interface ConsoleContext {
  services: AppServices;
  origin: CallOrigin;
  session: ConsoleSession | null;
  /** The caller's session as it stands now, for what lasts longer than a call. Does not count as a person being there. */
  reauthenticate: () => Promise<ConsoleSession | null>;
  /** Gives the browser the cookie of another session with this answer. Absent where no answer can carry one. */
  replaceSession?: (sessionId: string) => Promise<void>;
}

/** Address and request id come from headers that the server itself has set (see page-request.ts). */
export function callOrigin(headers: Headers): CallOrigin {
  return {
    address: headers.get(ADDRESS_HEADER) ?? "unknown",
    requestId: headers.get(REQUEST_ID_HEADER) ?? newRequestId(),
    userAgent: headers.get("user-agent"),
    host: headers.get("host"),
  };
}

/** @param active overrides what the request says about a person being there (a page load always means one). */
export async function createContext(
  headers: Headers,
  services: AppServices,
  active?: boolean,
): Promise<ConsoleContext> {
  const origin = callOrigin(headers);
  const isActive = active ?? headers.get(ACTIVE_HEADER) === "1";
  const cookies = headers.get("cookie");
  const session = await authenticateSession(services, { cookies, origin, active: isActive });
  return {
    services,
    origin,
    session,
    reauthenticate: () => authenticateSession(services, { cookies, origin, active: false }),
  };
}
