/** Sealed columns of everything but runs: each value one of the vault's, bound to its table, column and row. */
import { keyIdOf } from "#server/core/crypto/aead.ts";
import type { KeyPurpose } from "#server/core/crypto/keyring/index.ts";
import { isSealedText, openText, openValue, sealText, sealValue } from "#server/core/crypto/vault.ts";
import { AppError } from "#server/core/errors.ts";
import { keyOfText, TEXT_HEAD, type SealedColumn, type Seals } from "#server/reseal/column.ts";
import type { RunSealConfig } from "#server/sandbox/index.ts";

interface VaultColumn {
  table: string;
  column: string;
  /** The column that names the row. */
  key: string;
  purpose: KeyPurpose;
  /** The column that values are bound to, where it is another than their own. */
  boundAs?: string;
  /** Rows that are stored anew in one transaction; default: 100. */
  batch?: number;
}

const BATCH = 100;
/** Beginning of a sealed value that tells its key: cipher and the key's id. */
const VALUE_HEAD = 7;

/** Bytes that are always sealed. */
export function sealedBytes({ purpose, ...described }: VaultColumn): SealedColumn {
  return {
    ...statements(described, { head: (value) => `substring(${value} FROM 1 FOR ${VALUE_HEAD})`, type: "bytea" }),
    purpose: () => purpose,
    keyOf: (head) => (head instanceof Uint8Array ? keyIdOf(head) : null),
    again: (seals, row) =>
      opening(seals, described, row.id, () => {
        const context = contextOf(described, row.id);
        return sealValue(
          seals.keyring,
          purpose,
          openValue(seals.keyring, purpose, row.value as Uint8Array, context),
          context,
        );
      }),
  };
}

/** Text that is always sealed: what stands there in plain was put there by somebody else, and is not made good by sealing it. */
export function sealedText({ purpose, ...described }: VaultColumn): SealedColumn {
  return {
    ...textStatements(described),
    purpose: () => purpose,
    again: (seals, { id, value }) =>
      opening(seals, described, id, () => textAgain(seals, purpose, described, id, value)),
  };
}

/** Text that is sealed while `security.encryption.database` is on. Its rows are named by a hash of a secret, which is written nowhere else. */
export function sessionText(column: string): SealedColumn {
  const described = { table: "console_session", column, key: "id_hash" };
  const wanted = ({ database }: RunSealConfig): KeyPurpose | null => (database.enabled ? "database" : null);
  return {
    ...textStatements(described, { hashed: true }),
    purpose: wanted,
    again: (seals, { id, value }) =>
      opening(seals, described, null, () => {
        const context = contextOf(described, id);
        return sealText(
          seals.keyring,
          "database",
          openText(seals.keyring, ["database"], String(value), context),
          context,
        );
      }),
  };
}

type Described = Omit<VaultColumn, "purpose">;

const contextOf = ({ table, column, boundAs = column }: Described, id: string): string => `${table}|${boundAs}|${id}`;

function textAgain({ keyring }: Seals, purpose: KeyPurpose, described: Described, id: string, value: unknown): string {
  const context = contextOf(described, id);
  const stored = String(value);
  if (!isSealedText(stored)) {
    throw new AppError("CANNOT_DECRYPT", `The stored value ${context} is not a sealed value.`);
  }
  return sealText(keyring, purpose, openText(keyring, [purpose], stored, context), context);
}

/** @param id null where the record must not name the row */
function opening<Value>(
  { unreadable }: Seals,
  { table, column }: Described,
  id: string | null,
  again: () => Value,
): Value {
  try {
    return again();
  } catch (error) {
    if (error instanceof AppError && error.code === "CANNOT_DECRYPT") {
      unreadable(`${table}.${column}`, id);
    }
    throw error;
  }
}

const textStatements = (described: Described, key: { hashed: boolean } = { hashed: false }) => ({
  ...statements(described, { head: (value) => `left(${value}, ${TEXT_HEAD})`, type: "text", ...key }),
  keyOf: keyOfText,
});

/** @param hashed the key is binary, and travels in hexadecimal */
function statements(
  { table, column, key, batch = BATCH }: Described,
  { head, type, hashed = false }: { head: (value: string) => string; type: "text" | "bytea"; hashed?: boolean },
): Pick<SealedColumn, "table" | "column" | "page" | "lock" | "update" | "batch"> {
  const id = hashed ? `encode(stored.${key}, 'hex')` : `stored.${key}`;
  const asked = (value: string): string => (hashed ? `decode(${value}, 'hex')` : value);
  return {
    table,
    column,
    page: `SELECT ${id} AS id, 0 AS seq, ${head(`stored.${column}`)} AS head FROM ${table} AS stored
           WHERE stored.${key} > ${asked("$1")} AND $2::int = 0 AND stored.${column} IS NOT NULL ORDER BY stored.${key} LIMIT $3`,
    lock: `SELECT ${id} AS id, 0 AS seq, stored.${column} AS value FROM ${table} AS stored
           JOIN unnest($1::text[], $2::int[]) AS asked(id, seq) ON stored.${key} = ${asked("asked.id")}
           WHERE stored.${column} IS NOT NULL FOR NO KEY UPDATE OF stored`,
    update: `UPDATE ${table} AS stored SET ${column} = fresh.value
             FROM unnest($1::text[], $2::int[], $3::${type}[]) AS fresh(id, seq, value) WHERE stored.${key} = ${asked("fresh.id")}`,
    batch,
  };
}
