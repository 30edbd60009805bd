/**
 * Encryption of what people and programs write into runs: the program, its output, its events and its files, and what is remembered of them. Whoever stores or reads one of
 * these columns goes through here. A value is bound to its place (`run|stdout|run_…`): moved to another row or column it is refused.
 * What was stored otherwise, before encryption was on or under another key, is readable at any time.
 */
import type { Actor, AuditEventInput } from "#server/audit/schema.ts";
import type { CipherName } from "#server/core/crypto/aead.ts";
import type { Keyring, KeyPurpose } from "#server/core/crypto/keyring/index.ts";
import { openStoredBytes, plainStoredBytes, sealStoredBytes } from "#server/core/crypto/vault-bytes.ts";
import { isSealedText, openText, plainText, sealText } from "#server/core/crypto/vault.ts";
import { AppError } from "#server/core/errors.ts";
import { OPEN_KINDS, type RunEventKind } from "#server/sandbox/schema.ts";

/** `security.encryption`, as far as runs are concerned. */
export interface RunSealConfig {
  database: { enabled: boolean };
  messages: { enabled: boolean; algorithm: CipherName };
}

type RunTextColumn = "code" | "stdout" | "stderr" | "history";

/** Gives back what is stored. All of it throws AppError("CANNOT_DECRYPT") for a value that was changed, moved or sealed with a lost key. */
export interface RunOpener {
  openText(column: RunTextColumn, runId: string, stored: string): string;
  openTurn(turn: { id: string; runId: string }, stored: string): string;
  openEvent(row: { runId: string; seq: number; data: unknown }): unknown;
  openContent(file: { id: string; runId: string }, stored: Uint8Array): Buffer;
}

/** Makes what is to be stored, as the configuration says at that moment. */
export interface RunSeal extends RunOpener {
  sealText(column: RunTextColumn, runId: string, text: string): string;
  sealTurn(id: string, text: string): string;
  sealEvent(runId: string, seq: number, kind: RunEventKind, data: object): object;
  sealContent(fileId: string, content: Uint8Array): Uint8Array<ArrayBuffer>;
}

interface RunOpenerDeps {
  keyring: Keyring;
  /** Who reads, for the record. */
  actor: Actor;
  /** Told once of each value that cannot be read, as long as the process lives. */
  record: (event: AuditEventInput) => void;
}

interface RunSealDeps extends RunOpenerDeps {
  encryption: () => RunSealConfig;
}

/** So many places are remembered as told; beyond that they are told again. */
const MAX_TOLD = 10_000;
const PURPOSES: readonly KeyPurpose[] = ["database", "messages"];

const textContext = (column: RunTextColumn, runId: string): string => `run|${column}|${runId}`;
const turnContext = (id: string): string => `conversation_turn|text|${id}`;
const eventContext = (runId: string, seq: number): string => `run_event|data|${runId}|${seq}`;
const contentContext = (fileId: string): string => `run_file|content|${fileId}`;

export function createRunOpener({ keyring, actor, record }: RunOpenerDeps): RunOpener {
  const told = new Set<string>();

  function opening<Value>(runId: string, context: string, open: () => Value): Value {
    try {
      return open();
    } catch (error) {
      if (error instanceof AppError && error.code === "CANNOT_DECRYPT" && !told.has(context)) {
        if (told.size >= MAX_TOLD) {
          told.clear();
        }
        told.add(context);
        const [table, column] = context.split("|");
        record({
          event: "data.unreadable",
          outcome: "failed",
          actor,
          target: runId,
          reason: "cannot_decrypt",
          data: { column: `${table}.${column}`, place: context },
        });
      }
      throw error;
    }
  }

  return {
    openText(column, runId, stored) {
      const context = textContext(column, runId);
      return opening(runId, context, () => openText(keyring, PURPOSES, stored, context));
    },
    openTurn({ id, runId }, stored) {
      const context = turnContext(id);
      return opening(runId, context, () => openText(keyring, PURPOSES, stored, context));
    },
    openEvent({ runId, seq, data }) {
      const sealed = sealedPart(data);
      if (sealed === null) {
        return data;
      }
      const context = eventContext(runId, seq);
      return opening(runId, context, () => JSON.parse(openEventText(keyring, sealed, context)) as unknown);
    },
    openContent({ id, runId }, stored) {
      const context = contentContext(id);
      return opening(runId, context, () => openStoredBytes(keyring, "database", stored, context));
    },
  };
}

export function createRunSeal({ encryption, ...deps }: RunSealDeps): RunSeal {
  const { keyring } = deps;

  /** Programs, answers and what is said on the way: with the messages' own key and cipher when those are wanted. */
  function seal(text: string, context: string): string | null {
    const { database, messages } = encryption();
    if (messages.enabled) {
      return sealText(keyring, "messages", text, context, messages.algorithm);
    }
    return database.enabled ? sealText(keyring, "database", text, context) : null;
  }

  return {
    ...createRunOpener(deps),
    sealText: (column, runId, text) =>
      // There is nothing to hide, and it is what the column holds of itself.
      text === "" ? text : (seal(text, textContext(column, runId)) ?? plainText(text)),
    sealTurn: (id, text) => seal(text, turnContext(id)) ?? plainText(text),
    sealEvent(runId, seq, kind, data) {
      // No kind has a field of that name: data cannot be given the form of a sealed value.
      const { sealed: _none, ...known } = data as { sealed?: unknown };
      const sealed = OPEN_KINDS.has(kind) ? null : seal(JSON.stringify(known), eventContext(runId, seq));
      return sealed === null ? known : { sealed };
    },
    sealContent(fileId, content) {
      const sealed = encryption().database.enabled
        ? sealStoredBytes(keyring, "database", content, contentContext(fileId))
        : plainStoredBytes(content);
      return new Uint8Array(sealed);
    },
  };
}

/** What is in `{"sealed": "…"}`; null for data that is stored as it is: no kind of event has a field of that name. */
function sealedPart(data: unknown): string | null {
  return typeof data === "object" && data !== null && "sealed" in data ? String(data.sealed) : null;
}

function openEventText(keyring: Keyring, sealed: string, context: string): string {
  if (!isSealedText(sealed)) {
    throw new AppError(
      "CANNOT_DECRYPT",
      `The stored value ${context} is not a sealed value. Restore it from a backup.`,
    );
  }
  return openText(keyring, PURPOSES, sealed, context);
}
