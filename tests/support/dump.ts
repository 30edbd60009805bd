/** What a thief of the database finds: every row as `pg_dump` writes it, and the files that the tables lie in. */
import type { Pool } from "pg";

/** @param owner the superuser of the cluster */
export async function dumpDatabase(owner: Pool): Promise<Buffer[]> {
  const { rows: tables } = await owner.query<{ name: string }>(
    `SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables
     WHERE schemaname NOT IN ('pg_catalog', 'information_schema')`,
  );
  const parts: Buffer[] = [];
  for (const { name } of tables) {
    const { rows } = await owner.query<{ line: string }>(`SELECT entry::text AS line FROM ${name} AS entry`);
    parts.push(...rows.map(({ line }) => Buffer.from(line)));
  }
  parts.push(
    ...(await tableFiles(
      owner,
      tables.map(({ name }) => name),
    )),
  );
  return parts;
}

/** The bytes of tables on disk, dead rows and what lies aside (TOAST) included. */
export async function tableFiles(owner: Pool, tables: readonly string[]): Promise<Buffer[]> {
  // Pages in memory are newer than their files.
  await owner.query("CHECKPOINT");
  const { rows } = await owner.query<{ bytes: Buffer }>(
    `SELECT pg_read_binary_file(pg_relation_filepath(part)) AS bytes
     FROM unnest($1::text[]) AS asked(name), pg_class,
       LATERAL (VALUES (pg_class.oid), (pg_class.reltoastrelid)) AS parts(part)
     WHERE pg_class.oid = asked.name::regclass AND part <> 0 AND pg_relation_filepath(part) IS NOT NULL`,
    [tables],
  );
  return rows.map(({ bytes }) => bytes);
}

/** Which of `secrets` are found, as they are or written in hexadecimal or base64. */
export function foundIn(parts: readonly Buffer[], secrets: readonly string[]): string[] {
  return secrets.filter((secret) => {
    const bytes = Buffer.from(secret);
    const forms = [bytes, Buffer.from(bytes.toString("hex")), ...base64Forms(bytes)];
    return parts.some((part) => forms.some((form) => part.includes(form)));
  });
}

/** Base64 of `bytes` at each of the three places it can begin, without the characters that neighbours share. */
const base64Forms = (bytes: Buffer): Buffer[] =>
  [0, 1, 2].map((skip) => {
    const inner = bytes.subarray((3 - skip) % 3);
    return Buffer.from(inner.subarray(0, inner.length - (inner.length % 3)).toString("base64"));
  });
