/** The whole product: a full backup of a running gateway, proven, restored into an empty home, and started there. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startProduct, type Product } from "./support/product.ts";
import { homePaths } from "#server/core/paths.ts";

const CONFIG = "{ security: { encryption: { database: { iterations: 100000 } } } }";
let product: Product;
let folder: string;

beforeAll(async () => {
  product = await startProduct(CONFIG);
  folder = mkdtempSync(join(tmpdir(), "openclaw-restored-"));
}, 120_000);
afterAll(async () => {
  await product.stop();
  rmSync(folder, { recursive: true, force: true });
});

const whoami = (from: Product): Promise<number> =>
  fetch(`${from.url}/api/v1/whoami`, { headers: { authorization: `Bearer ${product.token}` } }).then(
    ({ status }) => status,
  );

const help = (to: Product): Promise<number> =>
  fetch(`${to.url}/api/v1/messages`, {
    method: "POST",
    headers: { authorization: `Bearer ${product.token}`, "content-type": "application/json" },
    body: '{"text":"/help"}',
  }).then(({ status }) => status);

test("DATA-5 a restored home starts, knows the tokens made before, and goes on with the record", async () => {
  expect(await whoami(product)).toBe(200);
  // More than nine rows: a head that is compared as text would be row 9.
  for (let call = 0; call < 12; call += 1) {
    expect(await help(product)).toBe(200);
  }
  const archive = join(folder, "all.ocgbackup");
  const made = product.cli("security", "backup-config", "--full", "--out", archive);
  expect(made.status, made.stderr).toBe(0);
  const verified = product.cli("security", "verify-backup", archive);
  expect(verified.stdout, verified.stderr).toMatch(/The record is sound up to row \d{2,}/);

  const home = homePaths(join(folder, "home"));
  const restored = product.cli("security", "restore-backup", archive, "--home", home.home, "--yes");
  expect(restored.status, restored.stderr).toBe(0);

  const second = await startProduct(CONFIG, home);
  try {
    expect(await whoami(second)).toBe(200);
    await expect
      .poll(() => second.sql("SELECT 1 FROM audit_event WHERE event = 'backup.restored'"), { timeout: 20_000 })
      .toHaveLength(1);
    const audit = second.cli("security", "verify-audit", "--json");
    expect(JSON.parse(audit.stdout), audit.stderr).toMatchObject({ verdict: "sound" });
  } finally {
    await second.stop();
  }
}, 240_000);
