/**
 * The token of one run: what a program in its container shows to reach models. It is made by the worker, kept as a hash, good for as long as
 * the run is `running`, and worth nothing outside the machine: only the run's own socket and `models.sock` take it.
 */
import { createHash, randomBytes } from "node:crypto";

/** Of the random part; 32 bytes are 43 characters of base64url. */
const SECRET_BYTES = 32;
const RUN_TOKEN = /^ocr_(run_[0-9a-z]{1,40})_([A-Za-z0-9_-]{43})$/;

/** A fresh token, and the SHA-256 of its secret part, which is what may be stored. */
export function newRunToken(runId: string): { token: string; hash: Buffer } {
  const secret = randomBytes(SECRET_BYTES).toString("base64url");
  return { token: `ocr_${runId}_${secret}`, hash: hashOf(secret) };
}

/** The run a token names and the hash it has to match; null = this is no run token. Says nothing about whether it is right. */
export function parseRunToken(text: string): { runId: string; hash: Buffer } | null {
  const [, runId, secret] = RUN_TOKEN.exec(text) ?? [];
  return runId === undefined || secret === undefined ? null : { runId, hash: hashOf(secret) };
}

/** `text` from a program, fit for the record: tokens may stand in the wrong place, such as a path. */
export const withoutRunTokens = (text: string): string =>
  text.includes("ocr_run_") ? text.replaceAll(/ocr_run_[\w-]*/g, "[run token]") : text;

/** Plain SHA-256: the secret has 256 random bits, so there is nothing to guess that a slow hash would protect. */
const hashOf = (secret: string): Buffer => createHash("sha256").update(secret).digest();
