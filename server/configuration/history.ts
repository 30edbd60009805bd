/**
 * Versions of the configuration that were in force, in `config/history` of the home: each sealed with the home's keyring, since a text may hold
 * secrets in plain. Bounded in number.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { changedPaths, readConfigText } from "#server/config/index.ts";
import { CHANGE_SOURCES, type ChangeSource } from "#server/configuration/schema.ts";
import { VERSION_ID } from "#server/configuration/policy.ts";
import { writeFileAtomic } from "#server/core/atomic-write.ts";
import type { Keyring } from "#server/core/crypto/keyring/index.ts";
import { openText, sealText } from "#server/core/crypto/vault.ts";
import { AppError, hasErrorCode } from "#server/core/errors.ts";
import type { HomePaths } from "#server/core/paths.ts";
import { fullHash } from "#server/configuration/text-hash.ts";

const Stored = z.strictObject({
  at: z.iso.datetime(),
  by: z.strictObject({ type: z.string(), id: z.string() }),
  source: z.enum(CHANGE_SOURCES),
  paths: z.array(z.string()),
  hash: z.string(),
  text: z.string(),
});

export interface StoredVersion extends z.infer<typeof Stored> {
  id: string;
}

interface NewVersion {
  text: string;
  by: { type: string; id: string };
  source: ChangeSource;
  now: Date;
}

export interface ConfigVersions {
  /** Newest first, and how many cannot be opened with this keyring. */
  list(): { versions: StoredVersion[]; unreadable: number };
  /** @throws AppError("NOT_FOUND"), AppError("CANNOT_DECRYPT"). */
  read(id: string): StoredVersion;
  /** Keeps `text`, unless it is the newest already. @returns its id, or null. */
  add(version: NewVersion): string | null;
  /** Takes back what was added for a change that was not made after all. */
  remove(id: string): void;
}

/** More are removed, the oldest first. */
const MAX_VERSIONS = 50;

export function openConfigVersions({ configDir }: Pick<HomePaths, "configDir">, keyring: Keyring): ConfigVersions {
  const folder = join(configDir, "history");
  const fileOf = (id: string): string => join(folder, id);

  function ids(): string[] {
    try {
      return readdirSync(folder)
        .filter((name) => VERSION_ID.test(name))
        .sort()
        .toReversed();
    } catch (error) {
      if (hasErrorCode(error, "ENOENT")) {
        return [];
      }
      throw error;
    }
  }

  function open(id: string): StoredVersion {
    const text = openText(keyring, ["config"], readFileSync(fileOf(id), "utf8"), contextOf(id));
    return { id, ...Stored.parse(JSON.parse(text)) };
  }

  function tryOpen(id: string): StoredVersion | null {
    try {
      return open(id);
    } catch {
      return null;
    }
  }

  return {
    list() {
      const opened = ids().map(tryOpen);
      const versions = opened.filter((version) => version !== null);
      return { versions, unreadable: opened.length - versions.length };
    },
    read(id) {
      if (!ids().includes(id)) {
        throw new AppError(
          "NOT_FOUND",
          `There is no version ${id.slice(0, 64)}. Those that are kept: openclaw config history`,
        );
      }
      return open(id);
    },
    add({ text, by, source, now }) {
      const newest = ids()
        .map(tryOpen)
        .find((version) => version !== null);
      const hash = fullHash(text);
      if (newest?.hash === hash) {
        return null;
      }
      const paths =
        newest === undefined ? [] : changedPaths(readConfigText(newest.text).soundPart, readConfigText(text).soundPart);
      const id = `${now.toISOString().replace(/[-:.]/g, "")}-${hash.slice(0, 12)}`;
      const stored: z.infer<typeof Stored> = { at: now.toISOString(), by, source, paths, hash, text };
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      writeFileAtomic(fileOf(id), sealText(keyring, "config", JSON.stringify(stored), contextOf(id)), 0o600);
      ids()
        .slice(MAX_VERSIONS)
        .forEach((old) => rmSync(fileOf(old), { force: true }));
      return id;
    },
    remove: (id) => rmSync(fileOf(id), { force: true }),
  };
}

const contextOf = (id: string): string => `config_history|${id}`;
