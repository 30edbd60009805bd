/**
 * The tokens in memory. Changes arrive by notification within milliseconds; after a lost connection everything is read again.
 * Reads go one after the other, each begun after the change it is for: a slower, older answer can never put back what a newer one has ended.
 */
import type { Pool } from "pg";
import type { NotifyHub } from "#server/core/db/notify.ts";
import type { Logger } from "#server/core/log.ts";
import { Roster } from "#server/core/roster.ts";

/** A token as the gate knows it. */
export interface StoredToken {
  id: string;
  name: string;
  ownerId: string;
  familyId: string;
  roleName: string;
  userId: string | null;
  scopes: readonly string[];
  channels: readonly string[];
  allowedIps: readonly string[];
  /** Models it may call of those its role may; `*` = all of them, empty = none. */
  models: readonly string[];
  expiresAt: Date | null;
  revokedAt: Date | null;
  supersededAt: Date | null;
  pepperId: string;
  secretHash: Buffer;
}

/** Hears the id of a token that changed, or null when any may have. */
export type TokenListener = (tokenId: string | null) => void;

export interface TokenView {
  get(id: string): StoredToken | undefined;
  /** Calls `listener` after the view has changed; returns the unsubscriber. */
  onChange(listener: TokenListener): () => void;
  close(): void;
}

const SELECT = `SELECT id, name, owner_id AS "ownerId", family_id AS "familyId", role_name AS "roleName", user_id AS "userId", scopes, channels,
  allowed_ips AS "allowedIps", models, expires_at AS "expiresAt", revoked_at AS "revokedAt", superseded_at AS "supersededAt",
  pepper_id AS "pepperId", secret_hash AS "secretHash" FROM token`;
const RETRY_MS = 500;
/** What changed and is not read again within this time is refused until it is. */
const LATE_MS = 1_000;

export async function openTokenView(deps: { pool: Pool; notify: NotifyHub; log: Logger }): Promise<TokenView> {
  const { pool, log } = deps;
  let tokens = new Map<string, StoredToken>();
  const listeners = new Roster<TokenListener>();
  let changed = new Set<string>();
  let everything = false;
  let closed = false;
  // What changes during the first reading waits for its end.
  let reading = true;

  async function readAll(): Promise<void> {
    const { rows } = await pool.query<StoredToken>(SELECT);
    tokens = new Map(rows.map((row) => [row.id, row]));
  }

  async function readSome(ids: readonly string[]): Promise<void> {
    const { rows } = await pool.query<StoredToken>(`${SELECT} WHERE id = ANY($1)`, [ids]);
    for (const id of ids) {
      tokens.delete(id);
    }
    for (const row of rows) {
      tokens.set(row.id, row);
    }
  }

  /** The old view could admit a token that has ended. */
  function drop(ids: readonly string[]): void {
    ids.forEach((id) => tokens.delete(id));
    tell(ids);
  }

  /** What changed and cannot be read, or not soon enough, is dropped. */
  async function read(): Promise<void> {
    if (reading) {
      return;
    }
    reading = true;
    while ((everything || changed.size > 0) && !closed) {
      const all = everything;
      const ids = [...changed];
      everything = false;
      changed = new Set();
      const late = setInterval(() => drop([...ids, ...changed]), LATE_MS).unref();
      try {
        await (all ? readAll() : readSome(ids));
        tell(all ? [null] : ids);
      } catch (error) {
        drop(ids);
        everything = true;
        log.error(
          { err: error, changed: ids },
          "tokens: database not answering; changed ones are refused until it does",
        );
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS).unref());
      } finally {
        clearInterval(late);
      }
    }
    reading = false;
  }

  function tell(ids: readonly (string | null)[]): void {
    for (const id of ids) {
      listeners.forEach((listener) => {
        try {
          listener(id);
        } catch (error) {
          log.error({ err: error }, "tokens: a listener failed");
        }
      });
    }
  }

  const unlisten = await deps.notify.listen("openclaw_policy", (payload) => {
    const id = changedToken(payload);
    if (id !== null) {
      changed.add(id);
      void read();
    }
  });
  deps.notify.onReconnect(() => {
    everything = true;
    void read();
  });
  await readAll();
  reading = false;
  void read();

  return {
    get: (id) => tokens.get(id),
    onChange(listener) {
      const place = listeners.add(listener);
      return () => listeners.delete(place);
    },
    close() {
      closed = true;
      unlisten();
    },
  };
}

function changedToken(payload: string): string | null {
  try {
    const value: unknown = JSON.parse(payload);
    if (typeof value === "object" && value !== null && "table" in value && "id" in value && value.table === "token") {
      return String(value.id);
    }
  } catch {
    // A payload that is not ours changes nothing.
  }
  return null;
}
