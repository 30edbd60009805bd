/** The console's server side for page rendering: who is asking, and queries to prefetch. The only place that reads the request of a page. */
import type { QueryClient } from "@tanstack/react-query";
import { createTRPCOptionsProxy } from "@trpc/tanstack-react-query";
import { headers } from "next/headers";
import { redirect } from "next/navigation";
import { cache } from "react";
import { AFTER_SIGN_IN, ENROL_PAGE, localPath, LOCKED_PAGE, SIGN_IN_PAGE } from "#server/auth/policy.ts";
import type { ConsoleSession } from "#server/auth/session.ts";
import { lockOnSession, refuseLockedSession } from "#server/auth/index.ts";
import { PATH_HEADER } from "#server/core/http/page-request.ts";
import { isAppError } from "#server/core/errors.ts";
import { getContainer } from "#server/core/container.ts";
import type { AppServices } from "#server/services.ts";
import { createContext, type ConsoleContext } from "#server/trpc/context.ts";
import { appRouter } from "#server/trpc/root.ts";

type SignedInContext = ConsoleContext & { session: ConsoleSession };

/**
 * The context of a signed-in page request; everyone else is sent to sign in. Called by every page itself: layouts are not re-run on
 * navigation and nothing outside the page may be relied on.
 */
export async function requirePage(): Promise<SignedInContext> {
  const context = await requireSession();
  if (context.session.secondFactor === "missing") {
    const next = await requestedPage();
    redirect(next === AFTER_SIGN_IN ? ENROL_PAGE : `${ENROL_PAGE}?next=${encodeURIComponent(next)}`);
  }
  return context;
}

/** As `requirePage`, but also for a member whose second factor is still to be enrolled. */
export async function requireSession(): Promise<SignedInContext> {
  const context = await pageContext().catch((error: unknown) => {
    // A browser that keeps sending a stale cookie is shown the way in, not an error.
    if (isAppError(error) && error.code === "LOCKED_OUT") {
      return null;
    }
    throw error;
  });
  if (context === null || context.session === null) {
    const next = await requestedPage();
    redirect(next === AFTER_SIGN_IN ? SIGN_IN_PAGE : `${SIGN_IN_PAGE}?next=${encodeURIComponent(next)}`);
  }
  const { session } = context;
  const lock = lockOnSession(context.services, session);
  if (lock !== null) {
    await refuseLockedSession(context.services, session, context.origin, await requestedPage()).catch(() => undefined);
    redirect(LOCKED_PAGE);
  }
  return { ...context, session };
}

/** What a member is told whom an incident has shut out; everybody else is sent where they belong. */
export async function requireLocked(): Promise<string> {
  const context = await pageContext();
  if (context.session === null) {
    redirect(SIGN_IN_PAGE);
  }
  return lockOnSession(context.services, context.session)?.message ?? redirect(AFTER_SIGN_IN);
}

async function requestedPage(): Promise<string> {
  return localPath((await headers()).get(PATH_HEADER)?.replace(/[?&]_rsc=[^&]*/, ""));
}

/** Query options that run in this process, to fill `queryClient` before the page is sent. */
export function serverQueries(context: ConsoleContext, queryClient: QueryClient) {
  return createTRPCOptionsProxy({ ctx: context, router: appRouter, queryClient });
}

/** Once per request: the frame and the page inside it ask alike, and a refusal must not be recorded twice. */
const pageContext = cache(async (): Promise<ConsoleContext> => {
  const requestHeaders = await headers();
  const services = getContainer<AppServices>();
  return createContext(new Headers(requestHeaders), services, true);
});
