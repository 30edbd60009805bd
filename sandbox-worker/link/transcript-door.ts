/**
 * `POST /run/events`: what an agent says about its own work, for the run's stream. From inside the container, so not proven: bounded in
 * size and number, and cleaned like output (no terminal escapes, no control characters).
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { z } from "zod";
import { RunEventData } from "#server/sandbox/schema.ts";
import { answerError } from "#worker/link/api-error.ts";
import type { LinkEvent } from "#worker/link/run-link.ts";
import { TextCleaner } from "#worker/output.ts";

/** A body may be larger than what is kept of it. */
const MAX_BODY_BYTES = 256 * 1024;
/** Kept of one text, and of the name of a tool or call (bytes of UTF-8). */
const MAX_TEXT_BYTES = 8 * 1024;
const MAX_NAME_BYTES = 128;
const MAX_EVENTS = 2_000;

const Report = z.discriminatedUnion("kind", [
  RunEventData.message.extend({ kind: z.literal("message") }),
  RunEventData.tool_call.extend({ kind: z.literal("tool_call") }),
  RunEventData.tool_result.extend({ kind: z.literal("tool_result") }),
]);

/** One per run. The run's token has been verified. */
export function createTranscriptDoor(
  tell: (event: LinkEvent) => void,
): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  let taken = 0;
  return async (request, response) => {
    const url = request.url ?? "";
    if (request.headers.expect !== undefined) {
      response.writeContinue();
    }
    const body = await readBody(request);
    if (body === null) {
      answerError(response, url, TOO_LARGE);
      return;
    }
    const report = parseReport(body);
    if (typeof report === "string") {
      answerError(response, url, { status: 400, code: "invalid_input", message: report });
    } else if (taken >= MAX_EVENTS) {
      answerError(response, url, TOO_MANY);
    } else {
      taken += 1;
      tell(cleaned(report));
      response.writeHead(204).end();
    }
  };
}

/** Null when it is too large. @throws when the client goes */
async function readBody(request: IncomingMessage): Promise<Buffer | null> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  // The iterator must not end the connection: the answer goes over it.
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_BODY_BYTES) {
      return null;
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** A text says what is wrong with it. */
function parseReport(body: Buffer): z.infer<typeof Report> | string {
  let json: unknown;
  try {
    json = JSON.parse(body.toString("utf8"));
  } catch {
    return 'The body is not JSON. Send {"kind":"message","role":"assistant","text":"…"}.';
  }
  const parsed = Report.safeParse(json);
  if (parsed.success) {
    return parsed.data;
  }
  return parsed.error.issues.map(({ path, message }) => `${path.join(".") || "body"}: ${message}`).join("; ");
}

function cleaned(report: z.infer<typeof Report>): LinkEvent {
  switch (report.kind) {
    case "message":
      return { kind: "message", data: { role: report.role, text: clean(report.text) } };
    case "tool_call": {
      const { id, tool, input } = report;
      return {
        kind: "tool_call",
        data: { id: clean(id, MAX_NAME_BYTES), tool: clean(tool, MAX_NAME_BYTES), input: clean(input) },
      };
    }
    case "tool_result":
      return {
        kind: "tool_result",
        data: { id: clean(report.id, MAX_NAME_BYTES), ok: report.ok, output: clean(report.output) },
      };
  }
}

/** Without the cleaner's `end` a character that was cut in two is dropped. */
const clean = (text: string, bytes = MAX_TEXT_BYTES): string =>
  new TextCleaner().push(Buffer.from(text).subarray(0, bytes));

const TOO_LARGE = {
  status: 413,
  code: "payload_too_large",
  message: `The body is larger than ${MAX_BODY_BYTES / 1024} KiB. Send less text.`,
};
const TOO_MANY = {
  status: 429,
  code: "too_many_events",
  message: `The run has told ${MAX_EVENTS} events, which is all that are kept.`,
};
