/**
 * Passes one HTTP request on and its answer back, as a stream in both directions.
 * Threat: request smuggling. Nothing is copied as bytes: the head is written anew without what belongs to one connection only, and the body
 * is framed anew by the length that Node's strict parser has found.
 */
import {
  request as httpRequest,
  type ClientRequest,
  type IncomingMessage,
  type RequestOptions,
  type ServerResponse,
} from "node:http";
import type { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";

/** RFC 9110, section 7.6.1, and what proxies are told in addition. `expect` has been answered here. */
const HOP_BY_HOP: ReadonlySet<string> = new Set([
  "connection",
  "expect",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/** Pairs of a head without those that belong to one connection. @param rawHeaders names and values in turn */
export function endToEnd(rawHeaders: readonly string[], drop: readonly string[] = []): [string, string][] {
  const pairs = pairsOf(rawHeaders);
  const named = pairs.filter(([name]) => name.toLowerCase() === "connection").flatMap(([, value]) => value.split(","));
  const gone = new Set([...HOP_BY_HOP, ...drop, ...named.map((name) => name.trim().toLowerCase())]);
  // The framing is not the client's to take away.
  gone.delete("content-length");
  return pairs.filter(([name]) => !gone.has(name.toLowerCase()));
}

function pairsOf(rawHeaders: readonly string[]): [string, string][] {
  const pairs: [string, string][] = [];
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    pairs.push([rawHeaders[index] ?? "", rawHeaders[index + 1] ?? ""]);
  }
  return pairs;
}

/** Only one transfer coding can be framed anew. */
export const isFramingKnown = ({ headers }: IncomingMessage): boolean =>
  (headers["transfer-encoding"] ?? "chunked").toLowerCase() === "chunked";

const CHUNKED = ["transfer-encoding", "chunked"] as const;

export interface ForwardTarget {
  connection: Pick<RequestOptions, "socketPath" | "createConnection">;
  path: string;
  /** End-to-end headers of the request, `Host` included. */
  headers: readonly (readonly [string, string])[];
  /** What the bodies pass through. */
  upload?: Transform;
  download?: Transform;
  /** Sees the head of the answer before it is passed on. @throws to refuse it */
  onHead?: (answer: IncomingMessage) => void;
}

/**
 * Resolves when the answer has been passed on, with the answer, whose trailers stay here.
 * @throws when the connection fails or either side goes; what is left of both is destroyed
 */
export async function forward(
  request: IncomingMessage,
  response: ServerResponse,
  target: ForwardTarget,
): Promise<IncomingMessage> {
  const isChunked = request.headers["transfer-encoding"] !== undefined;
  const hasBody = isChunked || request.headers["content-length"] !== undefined;
  const onward = httpRequest({
    ...target.connection,
    ...(target.connection.socketPath === undefined ? {} : { agent: false }),
    method: request.method,
    path: target.path,
    // Without it Node would write the body of a GET unframed.
    headers: [...target.headers, ["connection", "close"] as const, ...(isChunked ? [CHUNKED] : [])].flat(),
    setHost: false,
  });
  const gone = (): void => void onward.destroy(new Error("The client has gone"));
  response.once("close", gone);
  try {
    const answered = new Promise<IncomingMessage>((resolve, reject) => {
      onward.once("response", resolve);
      onward.once("error", reject);
      // Such as an answer that would change the protocol: Node ends it without an error.
      onward.once("close", () => reject(new Error("The connection ended without an answer")));
    });
    if (request.headers.expect !== undefined) {
      response.writeContinue();
    }
    if (hasBody) {
      sendBody(request, onward, target.upload);
    } else {
      onward.end();
    }
    const answer = await answered;
    target.onHead?.(answer);
    response.sendDate = false;
    response.writeHead(answer.statusCode ?? 502, endToEnd(answer.rawHeaders).flat());
    response.flushHeaders();
    await (target.download === undefined ? pipeline(answer, response) : pipeline(answer, target.download, response));
    return answer;
  } finally {
    response.off("close", gone);
    onward.on("error", () => undefined);
    onward.destroy();
  }
}

/** Not a pipeline: one that fails would end the client's connection with the answer that says why. */
function sendBody(request: IncomingMessage, onward: ClientRequest, upload: Transform | undefined): void {
  if (upload === undefined) {
    request.pipe(onward);
    return;
  }
  upload.once("error", (error) => onward.destroy(error));
  request.pipe(upload).pipe(onward);
}
