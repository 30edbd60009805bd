/** Checkpoints on their way outside: to a real listener on loopback, and to addresses where none may go. */
import { createServer, type Server } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { startAnchor, type Anchor } from "#server/audit/anchor/anchor.ts";
import { anchorTarget, deliver } from "#server/audit/anchor/anchor-target.ts";
import type { AuditEventInput } from "#server/audit/schema.ts";
import { createPool } from "#server/core/db/pool.ts";
import { createLogger } from "#server/core/log.ts";
import { openRecordBench, type RecordBench } from "../../../tests/support/record-bench.ts";

let bench: RecordBench;
let listener: Server;
let url: string;
let received: string[];
let status: number;

beforeEach(async () => {
  bench = await openRecordBench();
  received = [];
  status = 200;
  listener = createServer((incoming, response) => {
    void text(incoming).then((body) => {
      received.push(body);
      response.writeHead(status, { location: "http://127.0.0.1:1/" }).end("thanks");
    });
  });
  listener.listen(0, "127.0.0.1");
  await once(listener, "listening");
  url = `http://127.0.0.1:${(listener.address() as AddressInfo).port}/hook?token=s3cret`;
});

afterEach(async () => {
  listener.close();
  await bench.close();
});

/** @param work gets the events, and the position that is kept */
async function withAnchor(
  work: (events: AuditEventInput[], position: () => Promise<number | undefined>) => Promise<void>,
): Promise<void> {
  const pool = createPool({ connectionString: bench.database.appUrl, name: "test" });
  const events: AuditEventInput[] = [];
  const log = createLogger("test", "silent");
  const record = async (event: AuditEventInput) => void events.push(event);
  const anchor: Anchor = startAnchor({ pool, url: () => url, record, log, everyMs: 20 });
  try {
    await work(events, async () => (await pool.query<{ seq: number }>("SELECT seq FROM audit_anchor")).rows[0]?.seq);
  } finally {
    await anchor.close();
    await pool.end();
  }
}

const position = async () =>
  (await bench.pool.query("SELECT pg_catalog.has_table_privilege('audit_anchor', 'SELECT') AS may")).rows[0] as unknown;

describe("the anchor", () => {
  test("AUD-4 each newer checkpoint arrives once, also over a restart", async () => {
    await bench.append(0, 5);
    await bench.sealAll();
    const [first] = await bench.notes();
    await withAnchor(async (events, kept) => {
      await expect.poll(() => received).toEqual([first?.note]);
      await bench.append(5, 5);
      await bench.sealAll();
      await expect.poll(() => received.length).toBe(2);
      // What was received and not yet kept is sent again.
      await expect.poll(kept).toBe(10);
      expect(events).toEqual([]);
    });
    await withAnchor(async () => {
      await bench.append(10, 5);
      await bench.sealAll();
      await expect.poll(() => received.at(-1)?.split("\n")[1]).toBe("15");
    });
    expect(received).toEqual((await bench.notes()).map(({ note }) => note));
    // The sealer, which holds the keys, has no part in it.
    expect(await position()).toEqual({ may: false });
  });

  test("AUD-4 an outage is recorded once, without the address, and the newest checkpoint follows it", async () => {
    await bench.append(0, 5);
    await bench.sealAll();
    status = 503;
    await withAnchor(async (events) => {
      await expect.poll(() => received.length).toBeGreaterThan(2);
      await bench.append(5, 5);
      await bench.sealAll();
      expect(events).toMatchObject([
        { event: "audit.anchor_failed", outcome: "failed", reason: "status_503", data: { checkpoint: 5 } },
      ]);
      expect(JSON.stringify(events)).not.toContain("s3cret");
      status = 200;
      await expect.poll(() => received.at(-1)?.split("\n")[1], { timeout: 20_000 }).toBe("10");
      const count = received.length;
      status = 302;
      await bench.append(10, 5);
      await bench.sealAll();
      await expect.poll(() => events.length, { timeout: 20_000 }).toBe(2);
      expect(received.length).toBeGreaterThan(count);
      expect(events[1]).toMatchObject({ reason: "status_302" });
    });
  });

  test("AUD-4 SSRF: what is no public address, or leads to none, gets nothing", async () => {
    const { signal } = new AbortController();
    const inside = [
      "https://169.254.169.254/latest",
      "https://10.0.0.1/",
      "https://192.168.1.1/",
      "https://[fd00::1]/",
      "https://[fe80::1]/",
      "https://[::ffff:10.0.0.1]/",
      "https://168.63.129.16/",
      "https://0.0.0.0/",
      "https://localhost/",
    ];
    for (const address of inside) {
      const target = anchorTarget(address);
      expect(target, address).not.toBeNull();
      expect(target === null ? null : await deliver(target, "note", signal), address).toBe("address_not_public");
    }
    const refused = [
      "http://example.com/",
      "http://10.0.0.1/",
      "http://localhost:1/",
      "ftp://example.com/",
      "https://u:p@example.com/",
      "x",
    ];
    expect(refused.map(anchorTarget)).toEqual(refused.map(() => null));
    expect(received).toEqual([]);
  });
});
