import fc from "fast-check";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { callName } from "#worker/killed-call.ts";
import { KernelLog, parseKilledCall } from "#worker/kernel-log.ts";

/** As the kernel writes it, with what varies. */
const record = ({
  priority = 5,
  comm = '"python3"',
  arch = "c000003e",
  call = 165,
  code = "0x80000000",
} = {}): string =>
  `${priority},2,5678881180,-;audit: type=1326 audit(1795472491.491:2): auid=4294967295 uid=65534 gid=65534 ses=4294967295 ` +
  `pid=5620 comm=${comm} exe="/usr/bin/python3.11" sig=31 arch=${arch} syscall=${call} compat=0 ip=0x7fd54aecb829 code=${code}\n`;

test("a killed call is read with its time, process and number", () => {
  const killed = parseKilledCall(record());
  expect(killed).toEqual({ at: 1_795_472_491_491, pid: 5620, arch: 0xc000003e, call: 165 });
});

test.each([
  ["written by user space (facility 1)", record({ priority: 13 })],
  ["a call that was only logged", record({ code: "0x7ffc0000" })],
  ["another record", "6,364,2598822027,-;loop0: detected capacity change from 0 to 1949696\n"],
  ["cut off", record().slice(0, 120)],
  ["a record quoted inside another", `6,1,1,-;somebody says: ${record()}`],
  ["empty", ""],
])("not evidence: %s", (_what, text) => {
  expect(parseKilledCall(text)).toBeNull();
});

test("whatever a record holds, reading it does not throw, and only the kernel's own format is believed", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 300 }), (text) => {
      expect(parseKilledCall(text)).toBeNull();
    }),
  );
});

test("a name of the program's choice, escaped by the kernel, changes nothing", () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 15 }), (bytes) => {
      const comm = Buffer.from(bytes).toString("hex").toUpperCase();
      expect(parseKilledCall(record({ comm }))?.pid).toBe(5620);
    }),
  );
});

test("calls have names on both architectures, and others are told by number or as foreign", () => {
  const at = 0;
  const pid = 1;
  const names = [
    { arch: 0xc000003e, call: 165 },
    { arch: 0xc00000b7, call: 40 },
    { arch: 0xc000003e, call: 428 },
    { arch: 0xc000003e, call: 9999 },
    { arch: 0x40000003, call: 20 },
    { arch: 0xc000003e, call: 0x40000027 },
  ].map((killed) => callName({ at, pid, ...killed }));
  expect(names).toEqual(["mount", "mount", "open_tree", "call_9999", "foreign_interface", "foreign_interface"]);
});

test("a log that cannot be opened is none, and one that does not speak records is empty", () => {
  expect(KernelLog.open("/nowhere/kmsg")).toBeNull();
  const folder = mkdtempSync(join(tmpdir(), "openclaw-kmsg-"));
  writeFileSync(join(folder, "kmsg"), "");
  const log = KernelLog.open(join(folder, "kmsg"));
  expect(log?.killedBetween(0, Infinity)).toEqual([]);
  log?.close();
  rmSync(folder, { recursive: true });
});
