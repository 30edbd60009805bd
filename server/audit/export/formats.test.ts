import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { ChainRow, SealedRow } from "#server/audit/chain.ts";
import { AUDIT_EVENTS, type AuditEventName } from "#server/audit/events.ts";
import { CEF, cefHeader, cefValue } from "#server/audit/export/cef.ts";
import { CSV, csvCell } from "#server/audit/export/csv.ts";
import { OCSF_CLASSES } from "#server/audit/export/ocsf-classes.ts";
import { OCSF, ocsfEvent } from "#server/audit/export/ocsf.ts";
import type { ExportOrder, ExportProof, LineFormat } from "#server/audit/export/schema.ts";
import { VERSION } from "#server/version.ts";

const FORMATS: [string, LineFormat][] = [
  ["csv", CSV],
  ["cef", CEF],
  ["ocsf", OCSF],
];
const names = Object.keys(AUDIT_EVENTS) as AuditEventName[];

function sealed(event: AuditEventName, more: Partial<ChainRow> = {}): SealedRow {
  const { code, kind, severity } = AUDIT_EVENTS[event];
  const row: ChainRow = {
    actorId: "abcdefghijkl",
    actorType: "token",
    address: "203.0.113.9",
    at: "2026-03-01T12:00:00.000Z",
    because: "roles.admin",
    channel: "api",
    code,
    correlationId: "cor_1",
    data: { n: 1 },
    event,
    kind,
    outcome: "ok",
    reason: "allowed",
    requestId: "req_1",
    seq: 7,
    severity,
    target: "run_1",
    tokenId: "abcdefghijkl",
    userId: "user1",
  };
  return { row: { ...row, ...more }, hash: Buffer.alloc(32, 7) };
}

const order: ExportOrder = {
  format: "csv",
  record: "openclaw-gateway/1f0e2d3c",
  generatedAt: "2026-03-01T12:00:00.000Z",
  search: { user: 'a"b,c=d|e\\f', since: new Date(0) },
  range: { from: 3, to: 9 },
};
const orderRead = {
  record: order.record,
  generatedAt: order.generatedAt,
  filter: { user: 'a"b,c=d|e\\f', since: "1970-01-01T00:00:00.000Z" },
  from: 3,
  to: 9,
};
const proof: ExportProof = {
  size: 9,
  head: "ab".repeat(32),
  checkpoints: ["openclaw-gateway/1f0e2d3c\n9\nroot=\n\n— openclaw-gateway/1f0e2d3c c2ln\n"],
  publicKey: "openclaw-gateway/1f0e2d3c+00000000+AQ==",
};

/** Text of every sort that breaks formats. */
const hostile = fc.oneof(
  fc.string({ unit: "binary", maxLength: 40 }),
  fc.constantFrom(
    "=1+1",
    "+1",
    "-1",
    "@x",
    "\tx",
    "\rx",
    'a"b',
    "a,b",
    "a|b",
    "a=b",
    "a\\",
    "a\nb",
    "\\n",
    "'",
    "<x>",
    "x cs2=y",
    "|externalId=1 ",
  ),
);
const hostileRow = fc
  .record({
    event: fc.constantFrom(...names),
    seq: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
    actorId: hostile,
    userId: fc.option(hostile, { nil: undefined }),
    address: fc.oneof(hostile, fc.ipV4(), fc.ipV6()),
    reason: fc.option(hostile, { nil: undefined }),
    target: hostile,
    data: fc.dictionary(hostile, fc.oneof(hostile, fc.integer())),
  })
  .map(({ event, ...more }) => sealed(event, more));

describe.each(FORMATS)("%s", (_name, format) => {
  test("AUD-9 what was asked for, every row and the end are read back from their lines", () => {
    const head = format.open(order);
    expect(format.read(head.at(-1) ?? "")).toEqual({ order: orderRead });
    expect(format.read(format.close(proof))).toBe("end");
    fc.assert(
      fc.property(hostileRow, (row) => {
        const line = format.row(row);
        expect(line).not.toMatch(/[\r\n]/);
        expect(format.read(line)).toEqual({ seq: row.row.seq });
      }),
    );
    for (const line of [...head, format.close(proof)]) {
      expect(line).not.toMatch(/[\r\n]/);
    }
  });

  test("AUD-9 the proof is in the last line, whole", () => {
    expect(format.close(proof)).toContain(proof.head);
    expect(
      format
        .close(proof)
        .replaceAll('""', '"')
        .replace(/\\([\\=])/g, "$1"),
    ).toContain(JSON.stringify(proof.checkpoints[0]));
  });
});

/** RFC 4180, read by a parser of its own. */
function parseCsv(line: string): string[] {
  const cells: string[] = [];
  let rest = line;
  for (;;) {
    const quoted = /^"((?:[^"]|"")*)"(,|$)/.exec(rest);
    const cell = quoted ?? /^([^",]*)(,|$)/.exec(rest);
    if (cell === null) {
      throw new Error(`not CSV: ${rest}`);
    }
    cells.push(quoted === null ? (cell[1] ?? "") : (cell[1] ?? "").replaceAll('""', '"'));
    if (cell[2] === "") {
      return cells;
    }
    rest = rest.slice(cell[0].length);
  }
}

describe("CSV", () => {
  test("AUD-9 cells come back from a parser as they were but for the apostrophe before a formula", () => {
    fc.assert(
      fc.property(hostile, (text) => {
        const [cell = "", ...others] = parseCsv(csvCell(text));
        const oneLine = text.replaceAll("\r", "\\r").replaceAll("\n", "\\n");
        expect(others).toEqual([]);
        expect(cell).toBe(/^[=+\-@\t\r]/.test(text) ? `'${oneLine}` : oneLine);
        expect(cell).not.toMatch(/^[=+\-@\t\r]/);
      }),
    );
  });

  test("AUD-9 every line has the columns of the header", () => {
    const columns = (CSV.open(order)[0] ?? "").split(",");
    expect(columns).toHaveLength(20);
    fc.assert(
      fc.property(hostileRow, (row) => {
        const cells = parseCsv(CSV.row(row));
        expect(cells).toHaveLength(columns.length);
        expect(cells[columns.indexOf("hash")]).toBe(row.hash.toString("hex"));
        expect(cells[columns.indexOf("event")]).toBe(row.row.event);
      }),
    );
    expect(parseCsv(CSV.close(proof))).toHaveLength(columns.length);
  });
});

/** CEF, read by a parser of its own. */
function parseCef(line: string): { header: string[]; extension: Record<string, string> } {
  const parts = /^((?:[^|\\]|\\.)*\|){7}/.exec(line)?.[0] ?? "";
  const header = parts
    .slice(0, -1)
    .split(/(?<=(?:^|[^\\])(?:\\\\)*)\|/)
    .map((part) => part.replace(/\\([\\|])/g, "$1"));
  const extension: Record<string, string> = {};
  for (const [, key = "", value = ""] of line.slice(parts.length).matchAll(/(\w+)=((?:[^=\\]|\\.)*?)(?= \w+=|$)/g)) {
    extension[key] = value.replace(/\\([\\=nr])/g, (_all, one: string) => ({ n: "\n", r: "\r" })[one] ?? one);
  }
  return { header, extension };
}

describe("CEF", () => {
  test("AUD-9 the header is OpenClaw's with the event's stable code", () => {
    const { header, extension } = parseCef(CEF.row(sealed("sandbox.escape_attempt", { outcome: "denied" })));
    expect(header).toEqual(["CEF:0", "OpenClaw", "Gateway", VERSION, "OCR009C", "sandbox.escape_attempt", "10"]);
    expect(extension).toMatchObject({
      externalId: "7",
      rt: String(Date.UTC(2026, 2, 1, 12)),
      cat: "sandbox_escape",
      outcome: "denied",
      suid: "abcdefghijkl",
      duid: "user1",
      src: "203.0.113.9",
      cs1Label: "data",
      cs1: '{"n":1}',
      cs3: "req_1",
    });
  });

  test("AUD-9 fields and headers come back as they were", () => {
    fc.assert(
      fc.property(hostileRow, (row) => {
        const { header, extension } = parseCef(CEF.row(row));
        expect(header).toHaveLength(7);
        expect(extension["suid"]).toBe(row.row.actorId);
        expect(extension["reason"]).toBe(row.row.reason);
        expect(JSON.parse(extension["cs1"] ?? "")).toEqual(row.row.data);
      }),
    );
    expect(cefHeader("a|b\\c\nd")).toBe("a\\|b\\\\c d");
    expect(cefValue("a=b\\c\r\nd|")).toBe("a\\=b\\\\c\\r\\nd|");
  });

  test("AUD-9 an IPv6 address has its own field, and what is no address is no src", () => {
    const fieldsOf = (address: string) => parseCef(CEF.row(sealed("access.denied", { address }))).extension;
    expect(fieldsOf("2001:db8::1")).toMatchObject({ c6a2: "2001:db8::1", c6a2Label: "Source IPv6 Address" });
    expect(fieldsOf("nobody")).toMatchObject({ shost: "nobody" });
    expect([fieldsOf("2001:db8::1")["src"], fieldsOf("nobody")["src"]]).toEqual([undefined, undefined]);
  });
});

/** What the schema (1.3.0) requires of each class beyond the base event. */
const REQUIRED: Record<number, string[]> = {
  1001: ["actor", "device", "file"],
  1007: ["actor", "device", "process"],
  2004: ["finding_info"],
  3001: ["user"],
  3002: ["user", "service"],
  3003: ["user", "privileges"],
  3004: ["entity"],
  3005: ["user", "privileges"],
  4001: ["src_endpoint"],
  6002: ["app"],
  6003: ["actor", "api", "src_endpoint"],
  6008: [],
};
const BASE = ["activity_id", "category_uid", "class_uid", "metadata", "severity_id", "time", "type_uid", "status_id"];

describe("OCSF", () => {
  test.each(names)("AUD-9 %s is an event of a class, with all that its class requires", (name) => {
    for (const row of [
      sealed(name),
      sealed(name, { address: undefined, target: undefined, userId: undefined, outcome: "denied" }),
    ]) {
      const event: Record<string, unknown> = { ...ocsfEvent(row) };
      const uid = Number(event["class_uid"]);
      expect(Object.keys(OCSF_CLASSES)).toContain(String(uid));
      for (const member of [...BASE, ...(REQUIRED[uid] ?? ["no such class"])]) {
        expect(event[member], member).toBeDefined();
      }
      expect(event).toMatchObject({
        category_uid: Math.floor(uid / 1000),
        type_uid: uid * 100 + Number(event["activity_id"]),
        time: Date.UTC(2026, 2, 1, 12),
        metadata: { version: "1.3.0", sequence: 7, event_code: AUDIT_EVENTS[name].code },
        unmapped: { event: name, kind: AUDIT_EVENTS[name].kind },
      });
    }
  });

  test("AUD-9 severities, outcomes and the best known events", () => {
    expect(ocsfEvent(sealed("auth.token_rejected", { outcome: "denied" }))).toMatchObject({
      class_uid: 3002,
      activity_name: "Logon",
      status_id: 2,
      severity_id: 3,
    });
    expect(ocsfEvent(sealed("access.denied"))).toMatchObject({ class_uid: 3003, severity_id: 3 });
    expect(ocsfEvent(sealed("message.received"))).toMatchObject({ class_uid: 6003, status_id: 1, severity_id: 1 });
    expect(ocsfEvent(sealed("run.started"))).toMatchObject({ class_uid: 1007, activity_id: 1 });
    expect(ocsfEvent(sealed("system.error"))).toMatchObject({ class_uid: 6008, severity_id: 4 });
    expect(ocsfEvent(sealed("sandbox.escape_attempt"))).toMatchObject({
      class_uid: 2004,
      severity_id: 5,
      status: "New",
    });
    expect(ocsfEvent(sealed("token.revoked"))).toMatchObject({ class_uid: 3005, activity_id: 2 });
  });

  test("AUD-9 an event of another version is placed by its kind, or as activity on the API", () => {
    const { row, hash } = sealed("run.started");
    expect(ocsfEvent({ row: { ...row, event: "toString", kind: "errors" }, hash })).toMatchObject({ class_uid: 6008 });
    expect(ocsfEvent({ row: { ...row, event: "x", kind: "constructor", severity: "?" }, hash })).toMatchObject({
      class_uid: 6003,
      severity_id: 0,
    });
  });
});
