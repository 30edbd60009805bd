/** The list of sealed columns against the schema of the database and the source: a new one cannot be forgotten. */
import { globSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { SEALED_COLUMNS } from "#server/reseal/columns.ts";

/** Binary columns that hold hashes and public keys. */
const NOTHING_SEALED = [
  "audit_event.hash",
  "console_session.id_hash",
  "held_message.sha256",
  "invitation.code_hash",
  "member_address.address_hash",
  "pairing_request.code_hash",
  "passkey.public_key",
  "quarantined_file.sha256",
  "recovery_code.hash",
  "run_approval.sha256",
  "run_file.sha256",
  "run_grant.token_hash",
  "token.retry_key_hash",
  "token.secret_hash",
  "used_challenge.hash",
];

const listed = SEALED_COLUMNS.map(({ table, column }) => `${table}.${column}`).sort();

interface Field {
  /** Table and column. */
  name: string;
  type: string;
  comment: string;
}

function schemaFields(): Field[] {
  return globSync("prisma/schema/*.prisma").flatMap((file) =>
    [...readFileSync(file, "utf8").matchAll(/^model \w+ \{\n([^}]*)^\}/gm)].flatMap(([, body = ""]) => {
      const table = /@@map\("(\w+)"\)/.exec(body)?.[1] ?? "";
      const fields = body.matchAll(/((?:^ +\/\/\/.*\n)*)^ +(\w+) +(\w+)(\??.*)$/gm);
      return [...fields].map(([, comment = "", field = "", type = "", rest = ""]) => ({
        name: `${table}.${/@map\("(\w+)"\)/.exec(rest)?.[1] ?? field}`,
        type,
        comment,
      }));
    }),
  );
}

test("DATA-6 every binary column is in the list, or is known to hold nothing sealed; every column that says it is sealed is in the list", () => {
  const fields = schemaFields();
  expect(fields.length).toBeGreaterThan(200);
  expect(fields.map(({ name }) => name)).toEqual(expect.arrayContaining(listed));
  const binary = fields.filter(({ type }) => type === "Bytes").map(({ name }) => name);
  expect(binary.filter((name) => !listed.includes(name)).sort()).toEqual(NOTHING_SEALED);
  const told = fields.filter(({ comment }) => /\bsealed\b/i.test(comment)).map(({ name }) => name);
  expect(told.length).toBeGreaterThan(10);
  expect(told.filter((name) => !listed.includes(name))).toEqual([]);
});

/** Files that seal what is stored in files, not in the database. */
const OF_FILES = [
  "server/audit/files/sealed-line.ts",
  "server/config/sealed-secret.ts",
  "server/configuration/history.ts",
];

test("DATA-6 whatever in the source seals a value for a table is in the list", () => {
  const sources = globSync(["server/**/*.ts", "sandbox-worker/**/*.ts", "supervisor/**/*.ts", "cli/**/*.ts"]).filter(
    (file) => !/\.test\.ts$|^server\/(core|reseal)\//.test(file),
  );
  const sealing = sources
    .map((file) => ({ file, text: readFileSync(file, "utf8") }))
    .filter(({ text }) => /\bseal(Value|Text|StoredBytes|Bytes)\b[^;]*from "#server\/core\/crypto\//.test(text));
  expect(sealing.length).toBeGreaterThan(8);
  for (const { file, text } of sealing.filter((one) => !OF_FILES.includes(one.file))) {
    const bound = [...text.matchAll(/`(\w+)\|(\w+|\$\{column\})\|/g)];
    expect(bound, `${file} seals without a place of the form table|column|row`).not.toEqual([]);
    for (const [, table = "", column = ""] of bound) {
      const isListed = listed.some((name) =>
        column.startsWith("$") ? name.startsWith(`${table}.`) : name === `${table}.${column}`,
      );
      expect(isListed, `${file}: ${table}.${column} is missing in server/reseal/columns.ts`).toBe(true);
    }
  }
});
