/**
 * Faults of a request's head that Node's parser lets pass and that two servers in a row may read differently (request smuggling), or that
 * would be dropped in silence. Pure.
 */
import type { IncomingMessage } from "node:http";
import type { RefusalAnswer } from "#server/listen/refusal.ts";

/** Headers in one request. */
const MAX_HEADERS = 100;

type RequestFault = RefusalAnswer & { reason: string };

export function requestFault(
  request: Pick<IncomingMessage, "rawHeaders" | "headers" | "httpVersion">,
): RequestFault | undefined {
  const { rawHeaders, headers, httpVersion } = request;
  if (rawHeaders.length > 2 * MAX_HEADERS) {
    return TOO_MANY_HEADERS;
  }
  if (httpVersion !== "1.1" && httpVersion !== "1.0") {
    return UNKNOWN_VERSION;
  }
  const hosts = countHosts(rawHeaders);
  if (hosts > 1 || (hosts === 0 && httpVersion === "1.1")) {
    return NOT_ONE_HOST;
  }
  const isExpectationKnown = headers.expect === undefined || headers.expect.toLowerCase() === "100-continue";
  return isExpectationKnown ? undefined : UNKNOWN_EXPECTATION;
}

/** @param rawHeaders names and values in turn. Node's own list keeps only the first of several. */
function countHosts(rawHeaders: readonly string[]): number {
  let hosts = 0;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index];
    if (name?.length === 4 && name.toLowerCase() === "host") {
      hosts += 1;
    }
  }
  return hosts;
}

const TOO_MANY_HEADERS: RequestFault = {
  reason: "too_many_headers",
  status: 431,
  code: "headers_too_large",
  message: `The request has more than ${MAX_HEADERS} headers. Send fewer.`,
};

const UNKNOWN_VERSION: RequestFault = {
  reason: "unknown_version",
  status: 400,
  code: "invalid_input",
  message: "This version of HTTP is not served here. Use HTTP/1.1.",
};

const NOT_ONE_HOST: RequestFault = {
  reason: "not_one_host",
  status: 400,
  code: "invalid_input",
  message: "Host: must stand in the request exactly once.",
};

const UNKNOWN_EXPECTATION: RequestFault = {
  reason: "unknown_expectation",
  status: 417,
  code: "invalid_input",
  message: "Expect: only 100-continue is understood.",
};
