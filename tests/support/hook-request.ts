/** A request on `/hooks/<channel>` as an adapter sees it. */
import type { HookRequest } from "#server/channels/adapter.ts";

/** @param headers repeated values are joined as HTTP allows */
export function hookRequest(
  headers: Record<string, string | readonly string[]> = {},
  { method = "POST", query = "" }: { method?: "GET" | "POST"; query?: string } = {},
): HookRequest {
  const known = new Map(
    Object.entries(headers).map(([name, value]) => [
      name.toLowerCase(),
      typeof value === "string" ? value : value.join(", "),
    ]),
  );
  return { method, header: (name) => known.get(name), query: new URLSearchParams(query) };
}
