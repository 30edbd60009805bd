/** Asks for a secret at the terminal without showing it. */
import type { ReadStream } from "node:tty";
import { AppError } from "#server/core/errors.ts";

const ENTER = new Set(["\r", "\n", "\u0004"]);
const INTERRUPT = "\u0003";
const BACKSPACE = new Set(["\u007f", "\b"]);

/** @throws AppError("NOT_CONFIGURED") when there is no terminal to ask at, or the question is broken off. */
export async function askSecret(question: string, input: ReadStream, out: (text: string) => void): Promise<string> {
  if (!input.isTTY) {
    throw new AppError(
      "NOT_CONFIGURED",
      `${question} has to be typed at a terminal, and this is none. Set OPENCLAW_MASTER_KEY or OPENCLAW_MASTER_KEY_FILE instead.`,
    );
  }
  out(`  ${question}: `);
  input.setRawMode(true);
  input.setEncoding("utf8");
  input.resume();
  try {
    return await new Promise<string>((resolve, reject) => {
      let typed = "";
      const onData = (chunk: string): void => {
        for (const character of chunk) {
          if (ENTER.has(character)) {
            input.off("data", onData);
            resolve(typed);
            return;
          }
          if (character === INTERRUPT) {
            input.off("data", onData);
            reject(new AppError("NOT_CONFIGURED", "Broken off; nothing was started or changed."));
            return;
          }
          typed = BACKSPACE.has(character) ? typed.slice(0, -1) : typed + character;
        }
      };
      input.on("data", onData);
    });
  } finally {
    input.setRawMode(false);
    input.pause();
    out("\n");
  }
}
