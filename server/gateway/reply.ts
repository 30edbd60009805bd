/** Step 7, reply: what a finished run says to the person who asked for it. Pure. */
import type { RunView } from "#server/sandbox/schema.ts";

/** Standard output as printed, errors behind it, and one bracketed line when the run did not end well. */
export function replyOfRun(run: RunView): string {
  const parts = [run.stdout.trimEnd(), run.stderr.trimEnd(), outcomeLine(run)].filter((part) => part !== "");
  return parts.length === 0 ? "[the run printed nothing]" : parts.join("\n");
}

function outcomeLine(run: RunView): string {
  if (run.state === "succeeded") {
    return run.outputTruncated ? "[output cut]" : "";
  }
  const what =
    run.message ?? (run.reason === "exit" ? `exit code ${run.exitCode ?? "unknown"}` : (run.reason ?? run.state));
  return `[${run.state}: ${what.replace(/\.$/, "")}]`;
}
