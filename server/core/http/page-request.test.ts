import type { IncomingHttpHeaders, OutgoingHttpHeaders } from "node:http";
import { expect, test } from "vitest";
import { ADDRESS_HEADER, preparePageRequest, REQUEST_ID_HEADER } from "#server/core/http/page-request.ts";
import { webOrigin } from "#server/core/http/web-origin.ts";

const web = webOrigin({ bind: "127.0.0.1", port: 18789, tls: false });

function prepare(sent: IncomingHttpHeaders) {
  const headers: IncomingHttpHeaders = { host: "127.0.0.1:18789", ...sent };
  const answer = { headers: new Map<string, unknown>(), status: 0, body: "" };
  const response = {
    setHeader: (name: string, value: unknown) => answer.headers.set(name, value),
    writeHead: (status: number, more?: OutgoingHttpHeaders) => Object.assign(answer, { status, more }),
    end: (body: unknown) => Object.assign(answer, { body: String(body) }),
  };
  const facts = { address: "10.1.2.3", requestId: "req_1", web };
  const goesOn = preparePageRequest(
    { headers },
    response as unknown as Parameters<typeof preparePageRequest>[1],
    facts,
  );
  return { headers, answer, goesOn };
}

test("address, request id and policy come from the server, never from the client", () => {
  const { headers, answer, goesOn } = prepare({
    [ADDRESS_HEADER]: "127.0.0.1",
    [REQUEST_ID_HEADER]: "forged",
    "content-security-policy": "script-src 'nonce-chosen'",
  });
  expect(goesOn).toBe(true);
  expect(headers[ADDRESS_HEADER]).toBe("10.1.2.3");
  expect(headers[REQUEST_ID_HEADER]).toBe("req_1");
  expect(headers["content-security-policy"]).toBe(answer.headers.get("content-security-policy"));
  expect(headers["content-security-policy"]).not.toContain("chosen");
});

test("each response has a nonce of its own", () => {
  expect(prepare({}).headers["content-security-policy"]).not.toBe(prepare({}).headers["content-security-policy"]);
});

test.each([
  "x-middleware-subrequest",
  "x-forwarded-host",
  "x-forwarded-for",
  "x-forwarded-proto",
  "x-forwarded-user",
  "x-real-ip",
  "forwarded",
  "x-nextjs-data",
  "x-invoke-path",
  "x-matched-path",
])("CVE-2025-29927 the renderer never sees a client's %s", (name) => {
  expect(prepare({ [name]: "anything" }).headers).not.toHaveProperty(name);
});

test("headers of page navigation stay", () => {
  expect(prepare({ rsc: "1", "next-router-state-tree": "x", cookie: "a=b" }).headers).toMatchObject({
    rsc: "1",
    cookie: "a=b",
  });
});

test("a forged Host is answered here and goes no further", () => {
  const { answer, goesOn } = prepare({ host: "evil.example" });
  expect(goesOn).toBe(false);
  expect(answer.status).toBe(421);
  expect(answer.body).not.toContain("evil");
});
