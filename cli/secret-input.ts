/** Secrets for a command: from a file, a variable that the server has, or typed without being shown. Never from the command line itself. */
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline/promises";
import { Writable } from "node:stream";
import { AppError, messageOf } from "#server/core/errors.ts";

/** `key=value` as an option's value, collected. */
export function keyValue(text: string, before: Record<string, string> = {}): Record<string, string> {
  const at = text.indexOf("=");
  if (at < 1 || at === text.length - 1) {
    throw new AppError("INVALID_INPUT", `"${text.slice(0, Math.max(at, 0)) || "?"}": write key=value.`);
  }
  return { ...before, [text.slice(0, at)]: text.slice(at + 1) };
}

/** The content of a file without the line end that editors add. @throws AppError INVALID_INPUT naming the key and the file */
export function secretFromFile(key: string, file: string): string {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    throw new AppError("INVALID_INPUT", `--secret-file ${key}: ${file} cannot be read (${messageOf(error)}).`);
  }
  return text.replace(/\r?\n$/, "");
}

/** A reference that the server fills in from its own environment. @throws AppError INVALID_INPUT */
export function secretReference(key: string, variable: string): string {
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(variable)) {
    throw new AppError("INVALID_INPUT", `--secret-env ${key}: give the name of a variable, such as TELEGRAM_TOKEN.`);
  }
  return `\${${variable}}`;
}

/** Asks at the terminal, and shows nothing of what is typed. @throws AppError INVALID_INPUT where there is no terminal */
export async function askSecret(key: string): Promise<string> {
  if (!process.stdin.isTTY) {
    throw new AppError(
      "INVALID_INPUT",
      `${key} is needed: give it with --secret-file ${key}=<file> or --secret-env ${key}=<VARIABLE>.`,
    );
  }
  process.stderr.write(`${key}: `);
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const terminal = createInterface({ input: process.stdin, output: silent, terminal: true });
  try {
    return (await terminal.question("")).trim();
  } finally {
    terminal.close();
    process.stderr.write("\n");
  }
}
