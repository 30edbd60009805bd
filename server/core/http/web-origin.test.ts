import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { checkApiOrigin, checkSameOrigin, isAcceptedHost, webOrigin } from "#server/core/http/web-origin.ts";

const web = webOrigin({ bind: "127.0.0.1", port: 18789, tls: false });

describe("accepted origins", () => {
  test("a loopback server answers to the loopback names with its own port", () => {
    expect(web).toEqual({
      canonical: "http://127.0.0.1:18789",
      accepted: ["http://127.0.0.1:18789", "http://localhost:18789", "http://[::1]:18789"],
      tls: false,
    });
  });

  test("a server on every address makes links with the first configured origin", () => {
    const open = webOrigin({ bind: "0.0.0.0", port: 443, tls: true, allowedOrigins: ["https://gate.example"] });
    expect(open.canonical).toBe("https://gate.example");
    expect(open.accepted).toContain("https://gate.example");
    expect(open.accepted).not.toContain("https://0.0.0.0");
  });

  test("behind a proxy that ends TLS browsers come over TLS, to the origin that the configuration names", () => {
    const allowedOrigins = ["https://gate.example"];
    const behind = webOrigin({ bind: "127.0.0.1", port: 18789, tls: false, terminatedByProxy: true, allowedOrigins });
    expect(behind).toMatchObject({ canonical: "https://gate.example", tls: true });
    expect(behind.accepted).toContain("http://127.0.0.1:18789");
    expect(behind.accepted).not.toContain("https://127.0.0.1:18789");
  });

  test("an IPv6 bind address becomes a bracketed host", () => {
    expect(webOrigin({ bind: "::1", port: 1, tls: false }).canonical).toBe("http://[::1]:1");
  });
});

describe("Host header", () => {
  test.each(["127.0.0.1:18789", "localhost:18789", "LOCALHOST:18789", "[::1]:18789"])("%s is ours", (host) => {
    expect(isAcceptedHost(host, web)).toBe(true);
  });

  test.each([
    undefined,
    null,
    "",
    "127.0.0.1",
    "127.0.0.1:1",
    "evil.example:18789",
    "127.0.0.1:18789.evil.example",
    "localhost:18789@evil.example",
  ])("%s is not ours", (host) => {
    expect(isAcceptedHost(host, web)).toBe(false);
  });

  test("the default port may be written or left out", () => {
    const standard = webOrigin({ bind: "10.0.0.5", port: 443, tls: true });
    expect(isAcceptedHost("10.0.0.5", standard)).toBe(true);
    expect(isAcceptedHost("10.0.0.5:443", standard)).toBe(true);
    expect(isAcceptedHost("10.0.0.5:80", standard)).toBe(false);
  });

  test("DNS rebinding: no name outside the list is ever accepted", () => {
    const ours = new Set(web.accepted.map((origin) => new URL(origin).host));
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.domain(), fc.ipV4(), fc.webAuthority()), (host) => {
        expect(isAcceptedHost(host, web)).toBe(ours.has(host.toLowerCase()));
      }),
    );
  });
});

describe("same origin", () => {
  const check = (method: string, headers: Record<string, string>) =>
    checkSameOrigin({ method, headers: new Headers({ host: "127.0.0.1:18789", ...headers }) }, web);

  test.each([
    ["a read by the page", "GET", { "sec-fetch-site": "same-origin" }],
    ["a read by a tool without browser headers", "GET", {}],
    ["a typed address", "GET", { "sec-fetch-site": "none" }],
    ["a change by the page", "POST", { origin: "http://127.0.0.1:18789", "sec-fetch-site": "same-origin" }],
    ["a change by an old browser", "POST", { origin: "http://127.0.0.1:18789" }],
  ])("%s goes on", (_, method, headers) => {
    expect(check(method, headers)).toEqual({ ok: true });
  });

  test.each([
    ["a foreign origin", "GET", { origin: "https://evil.example" }],
    ["a foreign origin that changes state", "POST", { origin: "https://evil.example" }],
    ["a sandboxed frame", "POST", { origin: "null" }],
    ["another port of this machine", "POST", { origin: "http://127.0.0.1:3000" }],
    ["another scheme", "POST", { origin: "https://127.0.0.1:18789" }],
    ["a cross-site read", "GET", { "sec-fetch-site": "cross-site" }],
    ["a same-site neighbour", "GET", { "sec-fetch-site": "same-site" }],
    ["a change that was typed", "POST", { "sec-fetch-site": "none" }],
    ["a change that states no origin", "POST", {}],
    ["a delete that states no origin", "DELETE", {}],
  ])("%s is refused", (_, method, headers) => {
    expect(check(method, headers)).toEqual({ ok: false, reason: "origin" });
  });

  test("a forged host is refused before anything else", () => {
    expect(check("GET", { host: "evil.example:18789" })).toEqual({ ok: false, reason: "host" });
  });
});

describe("NET-6 the token API", () => {
  const check = (headers: Record<string, string>) => {
    const all: Record<string, string> = { host: "127.0.0.1:18789", ...headers };
    return checkApiOrigin((name) => all[name], web);
  };

  test.each([
    ["a bot", {}],
    ["a bot that uses another name for the server", { host: "gateway.internal" }],
    ["a page of the console", { origin: "http://localhost:18789", "sec-fetch-site": "same-origin" }],
    ["a typed address", { "sec-fetch-site": "none" }],
  ])("%s goes on", (_, headers) => expect(check(headers)).toEqual({ ok: true }));

  test.each([
    ["a foreign page", "origin", { origin: "https://evil.example", "sec-fetch-site": "cross-site" }],
    ["a foreign page in an old browser", "origin", { origin: "https://evil.example" }],
    ["a sandboxed frame", "origin", { origin: "null" }],
    ["an empty origin", "origin", { origin: "" }],
    ["a cross-site read", "origin", { "sec-fetch-site": "cross-site" }],
    ["a neighbour's read", "origin", { "sec-fetch-site": "same-site" }],
    ["DNS rebinding", "host", { host: "evil.example:18789", origin: "http://evil.example:18789" }],
    ["DNS rebinding, a read", "host", { host: "evil.example:18789", "sec-fetch-site": "same-origin" }],
  ])("%s is refused", (_, reason, headers) => expect(check(headers)).toEqual({ ok: false, reason }));

  test("no origin outside the list is ever accepted", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.webUrl()), (origin) => {
        expect(check({ origin }).ok).toBe(web.accepted.includes(origin));
      }),
    );
  });
});
