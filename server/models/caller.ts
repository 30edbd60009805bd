/** Who calls a model, whichever way: a run over its own socket, or a principal of the API. */
import type { AuditEventInput } from "#server/audit/schema.ts";
import type { ModelList } from "#server/models/access.ts";
import type { GrantKey } from "#server/models/budget.ts";
import type { Payer } from "#server/models/budgets.ts";

export interface Caller {
  /**
   * `program`: code from a sandbox, which must not reach further through a provider than its container lets it; nothing is translated for it.
   * `client`: an API client that its own token vouches for.
   */
  kind: "program" | "client";
  /** Every list has to cover a model. */
  models: readonly ModelList[];
  payer: Payer;
  requestId: string;
  /** What its records say of it. */
  origin: Pick<AuditEventInput, "actor" | "tokenId" | "userId" | "channel" | "address" | "requestId" | "target">;
  /** The run's own budget; null = it has none. */
  grant: GrantKey | null;
}
