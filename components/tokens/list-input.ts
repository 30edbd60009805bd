/** The question behind the list of tokens, from the address: the same for the server that prefetches it and the browser that goes on asking. */
import { TOKEN_FILTERS, type TokenFilter } from "#server/tokens/policy.ts";

const PAGE_SIZE = 50;

interface ListParams {
  q?: string | string[] | null | undefined;
  state?: string | string[] | null | undefined;
  owner?: string | string[] | null | undefined;
  after?: string | string[] | null | undefined;
}

interface ListInput {
  search: string | undefined;
  state: TokenFilter;
  owner: string | undefined;
  cursor: string | undefined;
  limit: number;
}

export function listInputOf({ q, state, owner, after }: ListParams): ListInput {
  return {
    search: textOf(q),
    state: TOKEN_FILTERS.find((filter) => filter === state) ?? "live",
    owner: textOf(owner),
    cursor: textOf(after),
    limit: PAGE_SIZE,
  };
}

const textOf = (value: string | string[] | null | undefined): string | undefined =>
  typeof value === "string" && value !== "" ? value : undefined;
