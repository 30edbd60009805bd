/** Calls of models: on to the server process, which decides, counts and holds the provider's key. The run's stream learns what was used. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { z } from "zod";
import { answerError } from "#worker/link/api-error.ts";
import { endToEnd, forward, isFramingKnown } from "#worker/link/forward.ts";
import type { RunLinkOptions } from "#worker/link/run-link.ts";

/** Trailer in which the server process says what a call used; it goes no further. */
const USAGE_TRAILER = "x-openclaw-usage";
const Usage = z.object({
  model: z.string().min(1).max(300),
  inputTokens: z.int().min(0).nullable(),
  outputTokens: z.int().min(0).nullable(),
});

/** The token has been verified; the server process verifies it again, against the database. */
export async function relayModelCall(
  request: IncomingMessage,
  response: ServerResponse,
  { token, modelSocket, tell, log }: Pick<RunLinkOptions, "token" | "modelSocket" | "tell" | "log">,
): Promise<void> {
  const path = request.url ?? "";
  if (!isFramingKnown(request)) {
    answerError(response, path, UNKNOWN_CODING);
    return;
  }
  try {
    const answer = await forward(request, response, {
      connection: { socketPath: modelSocket },
      path,
      // One spelling of the token and no other credential: there is nothing left that two readers could judge differently.
      headers: [
        ...endToEnd(request.rawHeaders, ["authorization", "x-api-key", "host", "cookie"]),
        ["host", "localhost"],
        ["authorization", `Bearer ${token}`],
      ],
    });
    const usage = usageOf(answer.trailers[USAGE_TRAILER]);
    if (usage !== null) {
      tell({ kind: "model", data: { ...usage, status: answer.statusCode ?? 0 } });
    }
  } catch (error) {
    // Not louder: the program decides how often this happens, and is told.
    log.debug({ err: error }, "a model call of a run got no answer");
    answerError(response, path, NO_SERVER);
  }
}

function usageOf(trailer: string | undefined): z.infer<typeof Usage> | null {
  try {
    return Usage.parse(JSON.parse(trailer ?? "null"));
  } catch {
    return null;
  }
}

const UNKNOWN_CODING = {
  status: 501,
  code: "unsupported_transfer_coding",
  message: "Transfer-Encoding: only chunked is understood.",
};
const NO_SERVER = {
  status: 503,
  code: "models_unavailable",
  message: "The gateway's server process did not answer, and models are reached through it. Try again later.",
};
