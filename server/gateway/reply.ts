/** Step 7, reply: what a finished run says to the person who asked for it. Pure. */
import type { RunView } from "#server/sandbox/schema.ts";

/** A program's output, or an agent's answer, and one bracketed line when the run did not end well. */
export function replyOfRun(run: RunView): string {
  const isAgent = run.language === "agent";
  const printed = isAgent ? [run.stdout] : [run.stdout, run.stderr];
  const parts = [...printed.map((text) => text.trimEnd()), outcomeLine(run)].filter((part) => part !== "");
  return parts.length === 0 ? (isAgent ? "[the agent gave no answer]" : "[the run printed nothing]") : parts.join("\n");
}

function outcomeLine(run: RunView): string {
  if (run.state === "succeeded") {
    return run.outputTruncated ? "[output cut]" : "";
  }
  const lastWords = run.language === "agent" && run.reason === "exit" ? lastLine(run.stderr) : null;
  const what =
    lastWords ??
    run.message ??
    (run.reason === "exit" ? `exit code ${run.exitCode ?? "unknown"}` : (run.reason ?? run.state));
  return `[${run.state}: ${what.replace(/\.$/, "")}]`;
}

/** Characters of an agent's last words. */
const MAX_LAST_LINE = 500;

/** An agent says why it gives up on the last line of its errors; what it logged before is for the run's page. */
const lastLine = (text: string): string | null => text.trimEnd().split("\n").at(-1)?.slice(0, MAX_LAST_LINE) || null;
