/**
 * The configuration in force in a running process. Looks at the file's facts a few times a second, which sees every way of saving a file
 * (in place, by rename, through links, first created later) on every file system, and reloads once they rest.
 * A bad edit keeps the last good configuration in force and says what is wrong. So does removing the file: rules that were in force must
 * not fall back to defaults by accident.
 */
import type { Logger } from "#server/core/log.ts";
import { messageOf } from "#server/core/errors.ts";
import { fileFacts } from "#server/core/file-facts.ts";
import { readConfigFile } from "#server/config/file.ts";
import { resolveSecret, type SecretSource } from "#server/config/references.ts";
import { MISSING, assertSafe, hashOf, loadConfig, problemsOf, type LoadedConfig } from "#server/config/load.ts";
import type { Problem } from "#server/config/problems.ts";

const LOOK_EVERY_MS = 250;

export type ConfigEvent =
  /** `previousHash` is undefined at the first load. */
  | { kind: "loaded"; file: string; hash: string; previousHash: string | undefined; warnings: readonly Problem[] }
  | { kind: "rejected"; file: string; hash: string; problems: readonly Problem[] };

interface ConfigStatus {
  file: string;
  loadedAt: Date;
  /** Of the configuration in force. */
  hash: string;
  /** Why the file as it stands now is not in force; undefined when it is. */
  error: readonly Problem[] | undefined;
}

export interface ConfigStore {
  current(): LoadedConfig;
  /** What a secret of the configuration in force stands for, put together at the moment of use. Throws as `resolveSecret` does. */
  secret(path: string, written: string): string;
  status(): ConfigStatus;
  /** Calls back after every successful reload. @returns ends the subscription. */
  subscribe(listener: (loaded: LoadedConfig) => void): () => void;
  close(): void;
}

/** `lookup`: default this process' environment. `open`: without it encrypted values are neither judged nor usable. */
export interface ConfigStoreOptions extends Partial<SecretSource> {
  file: string;
  log: Pick<Logger, "info" | "warn" | "error">;
  /** Told of every load, the first included, and of every refused one. */
  onEvent?: (event: ConfigEvent) => void;
}

/**
 * Loads the file and watches it until `close`.
 * @throws AppError("CONFIG_INVALID") when the first load fails or is unsafe.
 */
export function openConfigStore({ file, log, onEvent, ...secrets }: ConfigStoreOptions): ConfigStore {
  // Facts before content: a save between the two shows as a change at the next look.
  let seen = fileFacts(file);
  let loaded = loadSafely(file, secrets);
  let loadedAt = new Date();
  let attempted = loaded.hash;
  let error: readonly Problem[] | undefined;
  let restless = false;
  const listeners = new Set<(loaded: LoadedConfig) => void>();
  announce(undefined);

  function look(): void {
    const facts = fileFacts(file);
    if (facts !== seen) {
      seen = facts;
      restless = true;
    } else if (restless) {
      restless = false;
      reload();
    }
  }

  function reload(): void {
    let hash = MISSING;
    try {
      const text = readConfigFile(file);
      hash = text === undefined ? MISSING : hashOf(text);
      if (hash === attempted) {
        return;
      }
      attempted = hash;
      if (text !== undefined) {
        accept(loadSafely(file, { ...secrets, text }));
      } else if (loaded.hash === MISSING) {
        error = undefined;
      } else {
        reject(hash, [removedProblem]);
      }
    } catch (failure) {
      attempted = hash;
      reject(
        hash,
        problemsOf(failure) ?? [{ ...removedProblem, reason: messageOf(failure), fix: "Correct the file." }],
      );
    }
  }

  function accept(next: LoadedConfig): void {
    const previousHash = loaded.hash;
    loaded = next;
    loadedAt = new Date();
    error = undefined;
    listeners.forEach((listener) => guarded(() => listener(next)));
    announce(previousHash);
  }

  function announce(previousHash: string | undefined): void {
    const { hash, warnings } = loaded;
    log.info({ file, hash, previousHash }, "configuration loaded");
    warnings.forEach((problem) => log.warn({ problem }, "configuration warning"));
    guarded(() => onEvent?.({ kind: "loaded", file, hash, previousHash, warnings }));
  }

  function reject(hash: string, problems: readonly Problem[]): void {
    error = problems;
    log.error(
      { file, hash, problems, inForce: loaded.hash },
      "configuration refused, the last good one stays in force",
    );
    guarded(() => onEvent?.({ kind: "rejected", file, hash, problems }));
  }

  /** One listener's mistake must not keep the others from the new configuration. */
  function guarded(call: () => void): void {
    try {
      call();
    } catch (failure) {
      log.error({ err: failure }, "a listener of the configuration failed");
    }
  }

  const timer = setInterval(look, LOOK_EVERY_MS).unref();
  return {
    current: () => loaded,
    secret: (path, written) => resolveSecret(path, written, secrets),
    status: () => ({ file, loadedAt, hash: loaded.hash, error }),
    subscribe: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    close: () => clearInterval(timer),
  };
}

function loadSafely(file: string, options: { text?: string } & Partial<SecretSource>): LoadedConfig {
  const loaded = loadConfig(file, options);
  assertSafe(file, loaded);
  return loaded;
}

const removedProblem: Problem = {
  severity: "error",
  path: "",
  line: 1,
  column: 1,
  reason: "the file was removed while the gateway runs",
  fix: "Put it back, or restart the gateway to run with the defaults.",
};
