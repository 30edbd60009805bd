/** The text grammar of messages: `/<command> args`, `/run <language>` with code on the following lines, bare text = `ask`. Pure. */
import { AppError } from "#server/core/errors.ts";
import { LANGUAGES, type Language } from "#server/sandbox/schema.ts";

export interface ParsedText {
  /** Lower case. */
  command: string;
  /** Everything after the command, as written. */
  args: string;
  /** Plain text: no command was named. */
  isBare?: true;
}

const COMMAND_FORM = /^\/([A-Za-z][A-Za-z0-9_-]{0,31})(?:@[A-Za-z0-9_]+)?(?:\s([\s\S]*))?$/;

/** @throws AppError INVALID_INPUT for blank text or a slash that no command name follows. */
export function parseText(text: string): ParsedText {
  const trimmed = text.trim();
  if (trimmed === "") {
    throw new AppError("INVALID_INPUT", "text: is blank. Write a question, or /help to see the commands.");
  }
  if (!trimmed.startsWith("/")) {
    return { command: "ask", args: trimmed, isBare: true };
  }
  const match = COMMAND_FORM.exec(trimmed);
  if (match?.[1] === undefined) {
    throw new AppError("INVALID_INPUT", "text: a command is a slash and a name, as in /help.");
  }
  return { command: match[1].toLowerCase(), args: match[2] ?? "" };
}

export interface ParsedRun {
  language: Language;
  code: string;
}

const RUN_USAGE = "Write /run, a language (python, node or sh), and the code on the following lines.";

/** The code starts on the line after the language, or right behind it; it is passed on byte for byte. */
export function parseRunArgs(args: string): ParsedRun {
  const match = /^[ \t]*(\S+)(?:[ \t]*\r?\n|[ \t]+|$)([\s\S]*)$/.exec(args);
  const language = LANGUAGES.find((known) => known === match?.[1]?.toLowerCase());
  if (language === undefined) {
    const given =
      match?.[1] === undefined ? "no language is named" : `"${match[1].slice(0, 40)}" is not a language of the sandbox`;
    throw new AppError("INVALID_INPUT", `text: ${given}. ${RUN_USAGE}`);
  }
  const code = match?.[2] ?? "";
  if (code.trim() === "") {
    throw new AppError("INVALID_INPUT", `text: there is no code to run. ${RUN_USAGE}`);
  }
  return { language, code };
}

export interface ParsedQuestion {
  /** As written behind the `@`; null = none was named. */
  agent: string | null;
  question: string;
}

/** `@name` in front names the agent. @throws AppError INVALID_INPUT for a blank question. */
export function parseAskArgs(args: string): ParsedQuestion {
  const match = /^\s*(?:@(\S+))?([\s\S]*)$/.exec(args);
  const question = (match?.[2] ?? "").trim();
  if (question === "") {
    throw new AppError(
      "INVALID_INPUT",
      "text: there is no question. Write /ask and the question, or /ask @agent and it.",
    );
  }
  return { agent: match?.[1] ?? null, question };
}
