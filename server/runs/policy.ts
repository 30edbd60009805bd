/** What happened to a run, in words for a person. Pure, browser-safe. */
import type { RunDetailOutput, RunEventOutput } from "#server/runs/schema.ts";

type Run = Pick<
  RunDetailOutput["run"],
  "state" | "reason" | "exitCode" | "message" | "limits" | "usage" | "cancelRequestedAt" | "cancelRequestedBy"
>;

interface Outcome {
  tone: "waiting" | "running" | "good" | "stopped" | "bad";
  title: string;
  text: string;
}

const MIB = 1024 * 1024;
const mib = (bytes: number | undefined): string =>
  bytes === undefined ? "its limit" : `${Math.round(bytes / MIB)} MiB`;
const seconds = (ms: number | undefined): string => (ms === undefined ? "its limit" : `${Math.round(ms / 100) / 10} s`);

/** How the run stands or ended, why, and what to do about it. */
export function outcomeOf(run: Run): Outcome {
  const { state, cancelRequestedAt, cancelRequestedBy } = run;
  if (state === "queued") {
    return cancelRequestedAt === null
      ? { tone: "waiting", title: "Waiting for a worker", text: "It starts as soon as a worker takes it." }
      : {
          tone: "stopped",
          title: "Being stopped",
          text: `${nameOf(cancelRequestedBy)} asked for it. It will not start.`,
        };
  }
  if (state === "running") {
    return cancelRequestedAt === null
      ? { tone: "running", title: "Running", text: "Output appears below as the program prints it." }
      : {
          tone: "stopped",
          title: "Being stopped",
          text: `${nameOf(cancelRequestedBy)} asked for it. The worker ends the container within two seconds.`,
        };
  }
  const { title, text } = endOf(run);
  return { tone: state === "succeeded" ? "good" : state === "cancelled" ? "stopped" : "bad", title, text };
}

function endOf({ reason, exitCode, message, limits, cancelRequestedBy }: Run): { title: string; text: string } {
  switch (reason) {
    case "exit":
      return exitCode === 0
        ? { title: "Finished", text: "The program ended by itself with exit code 0." }
        : {
            title: `Ended with exit code ${exitCode ?? "unknown"}`,
            text: "The program ended by itself and said that it failed. Its last lines usually tell why.",
          };
    case "memory":
      return {
        title: "Out of memory",
        text: `The program wanted more than ${mib(limits?.memoryBytes)} of memory, swap included, so it was killed. Let it use less, or raise limits.memory of its profile.`,
      };
    case "processes":
      return {
        title: "Too many processes",
        text: `The program wanted more than ${limits?.processes ?? "its limit of"} processes and threads. Let it start fewer, or raise limits.processes of its profile.`,
      };
    case "disk":
      return {
        title: "Disk full",
        text: `The program filled the ${mib(limits?.diskBytes)} it may write. Let it write less, or raise limits.disk of its profile.`,
      };
    case "output_limit":
      return {
        title: "Too much output",
        text: `The program printed more than ${mib(limits?.outputBytes)}. What came before is kept. Let it print less, or write to a file.`,
      };
    case "timeout":
      return {
        title: "Out of time",
        text: `The program ran longer than ${seconds(limits?.timeoutMs)} and was stopped. Let it do less at a time, or raise the time limit of its profile.`,
      };
    case "cancelled":
      return { title: "Stopped", text: `${nameOf(cancelRequestedBy)} stopped this run.` };
    case "worker_lost":
      return {
        title: "Worker lost",
        text:
          message ??
          "The worker that held this run is gone, and the second attempt had no better luck. Start it again.",
      };
    default:
      return {
        title: TITLES[reason ?? "internal"] ?? "Not carried out",
        text: message ?? "The run was not carried out. The audit log has the events of its request.",
      };
  }
}

const TITLES: Partial<Record<NonNullable<Run["reason"]>, string>> = {
  engine_unavailable: "No engine",
  image_missing: "Image missing",
  limit_unenforceable: "A limit cannot be enforced",
  refused: "Refused",
  internal: "Not carried out",
};

const nameOf = (who: string | null): string => who ?? "Somebody";

type Told = Exclude<RunEventOutput, { kind: "stdout" | "stderr" | "usage" }>;

/** One line for an event of the timeline, and the longer text that comes with some. Both may hold what a program wrote. */
export function eventWords(event: Told): { title: string; text: string | null } {
  switch (event.kind) {
    case "queued":
      return { title: "Queued", text: null };
    case "started":
      return { title: `Started on ${event.data.workerId}, attempt ${event.data.attempt}`, text: null };
    case "requeued":
      return { title: `Queued again for attempt ${event.data.attempt}: its worker was lost`, text: null };
    case "limit":
      return { title: `Limit reached: ${event.data.limit}`, text: event.data.message };
    case "message":
      return { title: event.data.role === "assistant" ? "Agent says" : "Note", text: event.data.text };
    case "tool_call":
      return { title: `Calls tool ${event.data.tool}`, text: event.data.input };
    case "tool_result":
      return { title: event.data.ok ? "Tool result" : "Tool failed", text: event.data.output };
    case "model": {
      const { model, status, inputTokens, outputTokens } = event.data;
      return {
        title: `Model ${model}: ${status}, ${inputTokens ?? "?"} tokens in, ${outputTokens ?? "?"} out`,
        text: null,
      };
    }
    case "egress":
      return { title: `${event.data.allowed ? "Connected to" : "Was kept from"} ${event.data.host}`, text: null };
    case "file": {
      const { direction, path, bytes, verdict, reason } = event.data;
      return {
        title: `${direction === "input" ? "Input" : "Output"} ${path}, ${bytes} bytes: ${verdict}`,
        text: reason,
      };
    }
    case "end":
      return { title: `Ended: ${event.data.state}`, text: event.data.message };
  }
}
