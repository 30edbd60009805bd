/** A database with alert rules, and a clock for them: rounds are evaluated when the test says so. */
import type { Pool } from "pg";
import { createTestDatabase } from "./database.ts";
import { insertSealed, type TestRow } from "./audit-rows.ts";
import { openTestKeyring } from "./keyring.ts";
import { evaluateRound, type RoundResult } from "#server/alerts/evaluate/round.ts";
import { seedAlerts } from "#server/alerts/evaluate/seed.ts";
import { sealPointSecrets, type PointSecrets } from "#server/alerts/points/secrets.ts";
import { createRule } from "#server/alerts/rules/save-rule.ts";
import { RuleDraft } from "#server/alerts/schema.ts";
import type { ConfigStore } from "#server/config/index.ts";
import { readConfigText } from "#server/config/read.ts";
import { resolveSecret } from "#server/config/index.ts";
import type { Keyring } from "#server/core/crypto/keyring/index.ts";
import { createDb, type Db } from "#server/core/db/client.ts";
import { createPool } from "#server/core/db/pool.ts";

export const TESTER = { type: "operator", id: "test" } as const;

interface AlertRow {
  id: string;
  rule_name: string;
  subject: string;
  state: string;
  value: number | null;
  flaps: number;
  first_seq: number | null;
  last_seq: number | null;
}

export interface AlertBench {
  pool: Pool;
  db: Db;
  keyring: Keyring;
  appUrl: string;
  config: Pick<ConfigStore, "current" | "secret">;
  /** Milliseconds since 1970; begins at the real present. */
  now: number;
  configure(text: string): void;
  sql<Row extends object>(text: string, values?: unknown[]): Promise<Row[]>;
  seal(rows: readonly TestRow[]): Promise<void>;
  rule(draft: Omit<Partial<RuleDraft>, "condition"> & { condition: unknown }): Promise<string>;
  point(id: string, settings: object, secrets: PointSecrets, type?: "webhook" | "email"): Promise<void>;
  /** A round `ms` after the last one. */
  round(ms?: number): Promise<RoundResult>;
  alerts(): Promise<AlertRow[]>;
  /** What was queued, oldest first: `firing: rule/subject+…`. */
  queued(): Promise<string[]>;
  close(): Promise<void>;
}

export async function openAlertBench({ builtins = false }: { builtins?: boolean } = {}): Promise<AlertBench> {
  const database = await createTestDatabase();
  const pool = createPool({ connectionString: database.appUrl, name: "test", max: 6 });
  const owner = createPool({ connectionString: database.ownerUrl, name: "test-owner", max: 2 });
  const db = createDb(pool);
  const keyring = await openTestKeyring();
  let config = readConfigText("{}").soundPart;
  await seedAlerts(pool);
  if (!builtins) {
    await pool.query("DELETE FROM alert_rule");
  }
  const current = () => {
    if (config === undefined) {
      throw new Error("the configuration of the test is not sound");
    }
    return { config } as ReturnType<ConfigStore["current"]>;
  };
  const bench: AlertBench = {
    pool,
    db,
    keyring,
    appUrl: database.appUrl,
    config: { current, secret: (path, written) => resolveSecret(path, written) },
    now: Date.now(),
    configure(text) {
      config = readConfigText(text).config;
    },
    sql: async <Row extends object>(text: string, values?: unknown[]) => (await owner.query<Row>(text, values)).rows,
    seal: (rows) => insertSealed((text, values) => owner.query(text, values), rows),
    async rule(draft) {
      const rule = RuleDraft.parse({ name: "rule", severity: "warn", ...draft });
      return (await createRule(db, TESTER, rule)).id;
    },
    async point(id, settings, secrets, type = "webhook") {
      await pool.query(
        `INSERT INTO contact_point (id, name, type, source, settings, secrets, receives_all) VALUES ($1, $1, $2, 'database', $3, $4, true)`,
        [id, type, JSON.stringify(settings), sealPointSecrets(keyring, id, secrets)],
      );
    },
    round(ms = 0) {
      bench.now += ms;
      return evaluateRound({
        pool,
        config: () => current().config,
        origin: () => "https://gateway.test",
        clock: () => new Date(bench.now),
      });
    },
    alerts: () => bench.sql<AlertRow>("SELECT * FROM alert ORDER BY id"),
    async queued() {
      const rows = await bench.sql<{
        content: { status: string; alerts: { rule: string; subject: string; status: string }[] };
      }>("SELECT content FROM alert_delivery ORDER BY id");
      return rows.map(
        ({ content }) =>
          `${content.status}: ${content.alerts
            .map(({ rule, subject }) => `${rule}/${subject}`)
            .sort()
            .join("+")}`,
      );
    },
    async close() {
      await db.$disconnect();
      await pool.end();
      await owner.end();
      await database.drop();
    },
  };
  return bench;
}
