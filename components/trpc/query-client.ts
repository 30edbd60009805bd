/** TanStack Query with the console's rules, for the browser and for prefetching on the server. */
import { defaultShouldDehydrateQuery, QueryCache, QueryClient, type MutationCache } from "@tanstack/react-query";
import superjson from "superjson";

const STALE_MS = 2_000;
const MAX_RETRIES = 2;

/** @param onError told about every failed query, once its retries are used up. */
export function makeQueryClient(onError?: (error: Error) => void, mutationCache?: MutationCache): QueryClient {
  return new QueryClient({
    ...(mutationCache === undefined ? {} : { mutationCache }),
    queryCache: new QueryCache(onError === undefined ? {} : { onError }),
    defaultOptions: {
      queries: {
        staleTime: STALE_MS,
        retry: (failures, error) => failures < MAX_RETRIES && !isRefusal(error),
      },
      dehydrate: {
        serializeData: superjson.serialize,
        shouldDehydrateQuery: (query) => defaultShouldDehydrateQuery(query),
      },
      hydrate: { deserializeData: superjson.deserialize },
    },
  });
}

/** A failed call, as hooks hand it out: an `Error` when it runs, of which tRPC's types promise no more than this. */
export interface CallError {
  message: string;
}

/** HTTP status the server answered with, or null when it did not answer. */
export function httpStatusOf(error: unknown): number | null {
  const status = dataOf(error)?.httpStatus;
  return typeof status === "number" ? status : null;
}

/** The id under which the server logged the failed call. */
export function requestIdOf(error: unknown): string | null {
  const id = dataOf(error)?.requestId;
  return typeof id === "string" ? id : null;
}

/** The gateway's own code of the failure: `NOT_FOUND`, `STEP_UP_REQUIRED` … */
export function appCodeOf(error: unknown): string | null {
  const code = dataOf(error)?.appCode;
  return typeof code === "string" ? code : null;
}

/** What the failure says beside its message. */
export function detailsOf(error: unknown): Partial<Record<string, unknown>> | null {
  const details = dataOf(error)?.details;
  return typeof details === "object" && details !== null ? details : null;
}

/** Which input fields are not valid, and why. */
export function fieldErrorsOf(error: unknown): Partial<Record<string, readonly string[]>> | null {
  const fields = dataOf(error)?.fieldErrors;
  return typeof fields === "object" && fields !== null ? fields : null;
}

function dataOf(error: unknown): Partial<Record<string, unknown>> | null {
  return error instanceof Error && "data" in error && typeof error.data === "object" ? error.data : null;
}

/** A considered answer (4xx): asking again changes nothing. */
function isRefusal(error: unknown): boolean {
  const status = httpStatusOf(error);
  return status !== null && status >= 400 && status < 500;
}
