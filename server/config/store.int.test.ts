/** The store on a real file, saved in the ways editors and deployments save. */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { openConfigStore, type ConfigEvent, type ConfigStore } from "#server/config/store.ts";

const silent = { info: () => undefined, warn: () => undefined, error: () => undefined };

let folder: string;
let file: string;
let events: ConfigEvent[];
let stores: ConfigStore[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "openclaw-config-"));
  file = join(folder, "openclaw.json5");
  events = [];
  stores = [];
});

afterEach(() => {
  stores.forEach((store) => store.close());
  rmSync(folder, { recursive: true, force: true });
});

function open(): ConfigStore {
  const store = openConfigStore({ file, log: silent, onEvent: (event) => events.push(event) });
  stores.push(store);
  return store;
}

function port(number: number): string {
  return `{ gateway: { port: ${number} } }`;
}

async function seen(check: () => void): Promise<void> {
  await vi.waitFor(check, { timeout: 5000, interval: 20 });
}

test("a file that is written in place, replaced by rename and replaced behind a link is taken up", async () => {
  writeFileSync(file, port(1));
  const store = open();
  const heard: number[] = [];
  store.subscribe(({ config }) => heard.push(config.gateway.port));

  writeFileSync(file, port(2));
  await seen(() => expect(store.current().config.gateway.port).toBe(2));

  writeFileSync(`${file}.new`, port(3));
  renameSync(`${file}.new`, file);
  await seen(() => expect(store.current().config.gateway.port).toBe(3));

  mkdirSync(join(folder, "v4"));
  writeFileSync(join(folder, "v4", "openclaw.json5"), port(4));
  symlinkSync(join("v4", "openclaw.json5"), `${file}.link`);
  renameSync(`${file}.link`, file);
  await seen(() => expect(store.current().config.gateway.port).toBe(4));

  expect(heard).toEqual([2, 3, 4]);
  expect(events.map(({ kind }) => kind)).toEqual(["loaded", "loaded", "loaded", "loaded"]);
  expect(store.status()).toMatchObject({ file, error: undefined, hash: store.current().hash });
});

test("a file that appears after the start is taken up", async () => {
  const store = open();
  expect(store.current()).toMatchObject({ hash: "defaults", config: { gateway: { port: 18_789 } } });
  writeFileSync(file, port(5));
  await seen(() => expect(store.current().config.gateway.port).toBe(5));
});

test.each([
  ["not JSON5", "{ gateway: 1", ""],
  ["of a wrong shape", "{\n  gateway: { prot: 6 },\n}", "gateway.prot"],
  ["not safe", '{\n  gateway: { bind: "0.0.0.0" },\n}', "gateway.bind"],
  ["empty, as in the middle of a save", "", ""],
])(
  "a bad edit (%s) leaves the last good configuration in force and says where; the good one after it is taken up",
  async (_, bad, path) => {
    writeFileSync(file, port(1));
    const store = open();
    const good = store.current();

    writeFileSync(file, bad);
    await seen(() => expect(store.status().error).toBeDefined());
    expect(store.current()).toBe(good);
    expect(events.at(-1)).toMatchObject({ kind: "rejected", file, problems: [{ severity: "error", path }] });
    expect(store.status().error?.[0]).toMatchObject({ line: path === "" ? 1 : 2 });

    writeFileSync(file, port(7));
    await seen(() => expect(store.current().config.gateway.port).toBe(7));
    expect(store.status().error).toBeUndefined();
    expect(events.map(({ kind }) => kind)).toEqual(["loaded", "rejected", "loaded"]);
  },
);

test("removing the file does not fall back to the defaults, and putting it back ends the complaint", async () => {
  writeFileSync(file, port(1));
  const store = open();
  unlinkSync(file);
  await seen(() => expect(store.status().error?.[0]?.reason).toContain("removed"));
  expect(store.current().config.gateway.port).toBe(1);
  writeFileSync(file, port(1));
  await seen(() => expect(store.status().error).toBeUndefined());
});

test("invalid UTF-8, a folder, a pipe and a huge file are refused without hanging", () => {
  writeFileSync(file, Buffer.from([0x7b, 0xff, 0x7d]));
  expect(open).toThrow("is not UTF-8");
  unlinkSync(file);
  mkdirSync(file);
  expect(open).toThrow("is not a file");
  rmSync(file, { recursive: true });
  execFileSync("/usr/bin/mkfifo", [file]);
  expect(open).toThrow("is not a file");
  unlinkSync(file);
  writeFileSync(file, `// ${"x".repeat(1024 * 1024)}\n{}`);
  expect(open).toThrow("is larger than");
});

test("NET-2 an unsafe configuration does not start, and every reason is named", () => {
  writeFileSync(file, '{ gateway: { bind: "::", token: "your-secure-token-here" } }');
  expect(open).toThrow(/2 problems[^]*gateway\.bind[^]*gateway\.token/);
});

test("a listener that fails does not keep the others from the new configuration", async () => {
  writeFileSync(file, port(1));
  const store = open();
  const heard: number[] = [];
  store.subscribe(() => {
    throw new Error("listener");
  });
  const end = store.subscribe(({ config }) => heard.push(config.gateway.port));
  writeFileSync(file, port(2));
  await seen(() => expect(heard).toEqual([2]));
  end();
  writeFileSync(file, port(3));
  await seen(() => expect(store.current().config.gateway.port).toBe(3));
  expect(heard).toEqual([2]);
});
