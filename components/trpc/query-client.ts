/** TanStack Query with the console's rules, for the browser and for prefetching on the server. */
import { defaultShouldDehydrateQuery, QueryCache, QueryClient } from "@tanstack/react-query";
import superjson from "superjson";

const STALE_MS = 2_000;
const MAX_RETRIES = 2;

/** @param onError told about every failed query, once its retries are used up. */
export function makeQueryClient(onError?: (error: Error) => void): QueryClient {
  return new QueryClient({
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

function dataOf(error: unknown): { httpStatus?: unknown; requestId?: unknown } | null {
  return error instanceof Error && "data" in error && typeof error.data === "object" ? error.data : null;
}

/** A considered answer (4xx): asking again changes nothing. */
function isRefusal(error: unknown): boolean {
  const status = httpStatusOf(error);
  return status !== null && status >= 400 && status < 500;
}
