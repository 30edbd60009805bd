/** A run as text for a terminal, from its events in order. Pure. What a program said is shown line by line and can neither move the cursor nor
 * pass for a line of ours. */
import { shownName } from "./file-settings.ts";
import type { RunEvent, RunView } from "#server/sandbox/schema.ts";

/** Of one line. */
const MAX_LINE = 2000;

export function runText(run: RunView, events: readonly RunEvent[]): string[] {
  const who = shownName(run.userId ?? run.principalId);
  const what = run.agent === null ? run.language : `agent ${run.agent} on ${run.model ?? "no model"}`;
  return [
    `${run.id}  ${run.state}${run.reason === null ? "" : ` (${run.reason})`}`,
    `  ${what}, profile ${run.profile}, for ${who} with role ${run.roleName} on ${run.channel}`,
    ...joined(events).flatMap((event) => [
      `${event.at.toISOString()}  ${headOf(event)}`,
      ...bodyOf(event).map(indented),
    ]),
  ];
}

/** Pieces of one stream that follow each other are one. Samples of use are left out. */
function joined(events: readonly RunEvent[]): RunEvent[] {
  const kept: RunEvent[] = [];
  for (const event of events) {
    const last = kept.at(-1);
    if (last?.kind === "stdout" && event.kind === "stdout") {
      kept[kept.length - 1] = { ...last, data: { text: last.data.text + event.data.text } };
    } else if (last?.kind === "stderr" && event.kind === "stderr") {
      kept[kept.length - 1] = { ...last, data: { text: last.data.text + event.data.text } };
    } else if (event.kind !== "usage") {
      kept.push(event);
    }
  }
  return kept;
}

function headOf(event: RunEvent): string {
  switch (event.kind) {
    case "started":
      return `started, attempt ${event.data.attempt}, on ${event.data.workerId}`;
    case "message":
      return event.data.role;
    case "tool_call":
      return `calls ${shownName(event.data.tool)}`;
    case "tool_result":
      return event.data.ok ? "result" : "result: failed";
    case "model": {
      const { model, status, inputTokens, outputTokens } = event.data;
      return `model ${shownName(model)}: ${status}, ${inputTokens ?? "?"} tokens in, ${outputTokens ?? "?"} out`;
    }
    case "egress":
      return `${event.data.allowed ? "reached" : "was kept from"} ${shownName(event.data.host)}`;
    case "file": {
      const { direction, path, bytes, verdict, reason } = event.data;
      return `${direction} ${shownName(path)}, ${bytes} bytes: ${verdict}${reason === null ? "" : ` (${shownName(reason)})`}`;
    }
    case "limit":
      return `limit ${event.data.limit}: ${shownName(event.data.message)}`;
    case "requeued":
      return `queued again, attempt ${event.data.attempt}`;
    case "end":
      return `${event.data.state}: ${event.data.message === null ? `${event.data.reason}, exit code ${event.data.exitCode ?? "none"}` : shownName(event.data.message)}`;
    default:
      return event.kind;
  }
}

function bodyOf(event: RunEvent): string[] {
  switch (event.kind) {
    case "stdout":
    case "stderr":
    case "message":
      return linesOf(event.data.text);
    case "tool_call":
      return linesOf(event.data.input);
    case "tool_result":
      return linesOf(event.data.output);
    default:
      return [];
  }
}

const linesOf = (text: string): string[] => text.replace(/\n$/, "").split(/\r?\n/);

const indented = (line: string): string =>
  `  | ${shownName(line.length > MAX_LINE ? `${line.slice(0, MAX_LINE)}…` : line).replaceAll("\\u{9}", "\t")}`;
