/** A folder with a keyring and settings to change, for tests of the record's files. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "vitest";
import type { ExpiredFile } from "#server/audit/files/retention.ts";
import { readRecord } from "#server/audit/files/read-files.ts";
import { openMirror, type Mirror, type MirrorSettings } from "#server/audit/mirror.ts";
import type { Keyring } from "#server/core/crypto/keyring/index.ts";
import { openTestKeyring, rotateDataKey } from "./keyring.ts";

export interface RecordFolder {
  logs: string;
  file: string;
  keyring: Keyring;
  settings: MirrorSettings;
  /** Reasons that were logged. */
  errors: unknown[];
  open(): Promise<Mirror>;
  /** Names of all files, sorted. */
  names(): string[];
  modeOf(name: string): string;
  bytesOf(name: string): Buffer;
  /** The record as a reader sees it. */
  lines(): Promise<string[]>;
  rotateKey(): Promise<string>;
  remove(): void;
}

export async function openRecordFolder(): Promise<RecordFolder> {
  const home = mkdtempSync(join(tmpdir(), "openclaw-record-"));
  const logs = join(home, "logs");
  const file = join(logs, "audit.log");
  const paths = { keysDir: home };
  const keyring = await openTestKeyring(home);
  const settings = {
    encryption: true,
    compression: true,
    maxFileBytes: 1024 ** 3,
    mode: 0o640,
    retentionMs: 365 * 24 * 60 * 60 * 1000,
  };
  const errors: unknown[] = [];
  return {
    logs,
    file,
    keyring,
    settings,
    errors,
    open: () =>
      openMirror(file, {
        keyring: () => Promise.resolve(keyring),
        settings: () => settings,
        log: { error: (entry: unknown) => void errors.push(entry) },
      }),
    names: () => readdirSync(logs).sort(),
    modeOf: (name) => (statSync(join(logs, name)).mode & 0o777).toString(8),
    bytesOf: (name) => readFileSync(join(logs, name)),
    lines: () => linesOf(file, keyring),
    rotateKey: () => rotateDataKey(paths, "audit-log"),
    remove: () => rmSync(home, { recursive: true, force: true }),
  };
}

/** The record beside and in `liveFile` as a reader sees it. */
export async function linesOf(liveFile: string, keyring: Keyring | null): Promise<string[]> {
  const lines: string[] = [];
  for await (const line of readRecord(liveFile, keyring)) {
    lines.push(line);
  }
  return lines;
}

/** For `tidy` where nothing is to be removed. */
export function nothingRemoved(files: readonly ExpiredFile[]): Promise<void> {
  expect(files).toEqual([]);
  return Promise.resolve();
}
