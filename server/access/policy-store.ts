/** The policy in force, in memory: rebuilt as a whole when the file or a database row changes. */
import type { Pool } from "pg";
import { mergePolicy, type ConfiguredPolicy } from "#server/access/merge-policy.ts";
import type { PolicySnapshot } from "#server/access/schema.ts";
import { STORED_POLICY_SQL, storedPolicyOf, type StoredPolicyRow } from "#server/access/stored-policy.ts";
import type { NotifyHub } from "#server/core/db/notify.ts";
import type { Logger } from "#server/core/log.ts";

export interface PolicyStore {
  current(): PolicySnapshot;
  /** Rebuilds from the database and the configuration. */
  reload(): Promise<void>;
}

interface PolicyStoreDeps {
  pool: Pool;
  notify: NotifyHub;
  configured: () => ConfiguredPolicy;
  log: Logger;
}

const RETRY_MS = 500;

export async function openPolicyStore(deps: PolicyStoreDeps): Promise<PolicyStore> {
  let snapshot = await readPolicy(deps.pool, deps.configured());
  let latest = 0;

  async function reload(): Promise<void> {
    latest += 1;
    const mine = latest;
    for (;;) {
      try {
        const next = await readPolicy(deps.pool, deps.configured());
        // A slower, older read must not overwrite a newer one.
        if (mine === latest) {
          snapshot = next;
        }
        return;
      } catch (error) {
        if (mine !== latest) {
          return;
        }
        deps.log.warn({ err: error }, "policy: database not answering, trying again");
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS).unref());
      }
    }
  }

  await deps.notify.listen("openclaw_policy", (payload) => {
    if (!payload.includes('"token"')) {
      void reload();
    }
  });
  deps.notify.onReconnect(() => void reload());
  return { current: () => snapshot, reload };
}

/** One consistent reading of the stored policy, merged with the configured one. */
export async function readPolicy(pool: Pool, configured: ConfiguredPolicy): Promise<PolicySnapshot> {
  const { rows } = await pool.query<StoredPolicyRow>(STORED_POLICY_SQL);
  return mergePolicy(configured, storedPolicyOf(rows));
}
