/** Which commands ask their sender for a code, and what a code is. Pure. */

/** How long a message waits for its code (milliseconds). */
export const HELD_MS = 5 * 60_000;

export interface StepUpConfig {
  /** Names as written, with or without a slash. */
  commands: readonly string[];
  /** How long a sender is believed after a right code (milliseconds); 0 = every command asks anew. */
  validFor: number;
}

export const asksForCode = ({ commands }: StepUpConfig, command: string): boolean =>
  commands.some((written) => {
    const name = written.replace(/^\//, "").toLowerCase();
    return name === "*" || name === command;
  });

const CODE_FORM = /^\d{3}[ \t]?\d{3}$/;

/** Six digits, as they are or behind `/code`; null = the message is no code. */
export function codeIn({ command, args, isBare }: { command: string; args: string; isBare?: boolean }): string | null {
  const written = args.trim();
  const isCode = command === "code" || isBare === true;
  return isCode && CODE_FORM.test(written) ? written.replace(/[ \t]/, "") : null;
}
