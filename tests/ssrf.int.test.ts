/**
 * Requests that are to lead inside, through every address that can be set. A listener on this machine stands for what must not be reached
 * and counts who arrives; only the resolver is the test's. 127.0.0.2 stands for an address that is open, 127.0.0.1 for one that is not.
 */
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { anchorTarget, deliver } from "#server/audit/anchor/anchor-target.ts";
import { privateAllowance } from "#server/core/net/outbound-policy.ts";
import { callModels, openModelBench, type ModelBench } from "./support/models.ts";
import { resolveTo } from "./support/name-lookup.ts";

// The factory runs before the imports below are there.
vi.mock("node:dns/promises", async (actual) => (await import("./support/name-lookup.ts")).mockedLookup(actual));

/** On all addresses of the machine, IPv4 and IPv6. */
let inside: Server;
let port: number;
/** Local addresses that were reached. */
let reached: string[];
let bench: ModelBench;

const COMPLETION = JSON.stringify({
  id: "c",
  object: "chat.completion",
  choices: [{ index: 0, message: { role: "assistant", content: "inside" }, finish_reason: "stop" }],
  usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
});

beforeAll(async () => {
  inside = createServer((request, response) => {
    if (request.url?.startsWith("/to-metadata") === true) {
      response.writeHead(307, { location: `http://127.0.0.1:${port}/latest/meta-data`, connection: "close" }).end();
      return;
    }
    response.writeHead(200, { "content-type": "application/json", connection: "close" }).end(COMPLETION);
  });
  inside.on("connection", (socket) => reached.push(socket.localAddress?.replace("::ffff:", "") ?? ""));
  inside.listen(0, "::");
  await once(inside, "listening");
  port = (inside.address() as AddressInfo).port;
  bench = await openModelBench(providers({}));
});
beforeEach(() => void (reached = []));
afterAll(async () => {
  await bench.close();
  inside.closeAllConnections();
  inside.close();
});

function providers(baseUrls: Record<string, string>, allowedPrivate: string[] = []): string {
  const written = Object.entries(baseUrls).map(([name, baseUrl]) => [
    name,
    { type: "openai", baseUrl, apiKey: "k-secret" },
  ]);
  return JSON.stringify({
    models: { providers: Object.fromEntries(written) as object, retries: { count: 0 } },
    security: { outbound: { allowedPrivate } },
  });
}

/** One call through the gateway, and what is on record about it. */
async function ask(baseUrl: string, allowedPrivate: string[] = [], headers: Record<string, string> = {}) {
  bench.configure(providers({ p: baseUrl }, allowedPrivate));
  const run = await bench.run({ models: ["p/*"] });
  const body = { model: "p/m", messages: [{ role: "user", content: "hi" }] };
  const { status, text } = await callModels(bench.socket, "/v1/chat/completions", body, { token: run.token, headers });
  const events = await bench.events(run.id);
  return { status, text, reasons: events.map(({ reason }) => reason) };
}

const REFUSED = { status: 502, reasons: ["provider_address_refused"] };

describe("CVE-2026-34504 models.providers.*.baseUrl", () => {
  test.each<[string, string[]]>([
    ["loopback", ["127.0.0.1"]],
    ["loopback in IPv6", ["::1"]],
    ["loopback, mapped", ["::ffff:127.0.0.1"]],
    ["loopback, mapped, in hexadecimal", ["::ffff:7f00:1"]],
    ["loopback, translated", ["64:ff9b::7f00:1"]],
    ["no address", ["0.0.0.0"]],
    ["no address in IPv6", ["::"]],
    ["a network of one's own", ["10.0.0.1"]],
    ["a unique local address", ["fd12:3456::1"]],
    ["a link-local address", ["fe80::1"]],
    ["a metadata service", ["169.254.169.254"]],
    ["a metadata service in IPv6", ["fd00:ec2::254"]],
    ["Azure's host agent", ["168.63.129.16"]],
    ["one of many addresses, last", ["1.1.1.1", "2606:4700::1111", "8.8.8.8", "127.0.0.1"]],
    ["one of many addresses, first", ["127.0.0.1", "1.1.1.1"]],
  ])("a name that leads to %s", async (_name, addresses) => {
    resolveTo("api.models.test", addresses);
    const answer = await ask(`http://api.models.test:${port}/v1`);
    expect(answer).toMatchObject(REFUSED);
    // The administrator learns which name and address; the caller neither.
    expect(answer.text).not.toContain("models.test");
    expect(bench.logged.at(-1)).toContain("api.models.test");
    expect(reached).toEqual([]);
  });

  test("a metadata service stays closed where its name is opened", async () => {
    resolveTo("metadata.test", ["169.254.169.254"]);
    expect(await ask(`http://metadata.test:${port}/v1`, ["metadata.test"])).toMatchObject(REFUSED);
    resolveTo("metadata.test", ["fd00:ec2::254"]);
    expect(await ask(`http://metadata.test:${port}/v1`, ["metadata.test", "fc00::/7"])).toMatchObject(REFUSED);
    expect(reached).toEqual([]);
  });

  test("DNS rebinding: the name is judged for each connection, and the connection goes to what was judged", async () => {
    resolveTo("rebind.test", ["127.0.0.2"], ["127.0.0.1"]);
    const url = `http://rebind.test:${port}/v1`;
    expect(await ask(url, ["127.0.0.2"])).toMatchObject({ status: 200, reasons: ["answered"] });
    expect(await ask(url, ["127.0.0.2"])).toMatchObject(REFUSED);
    expect(reached).toEqual(["127.0.0.2"]);
  });

  test("an address of the file opens itself, for no name and no other port", async () => {
    resolveTo("other.test", ["127.0.0.1"]);
    bench.configure(providers({ own: `http://127.0.0.1:${port}/v1`, p: `http://other.test:${port}/v1` }));
    const run = await bench.run({ models: ["own/*", "p/*"] });
    const call = (model: string) =>
      callModels(bench.socket, "/v1/chat/completions", { model, messages: [] }, { token: run.token });
    expect((await call("own/m")).status).toBe(200);
    expect((await call("p/m")).status).toBe(502);
    expect(reached).toEqual(["127.0.0.1"]);
  });

  test.each(["127.0.0.1", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "[::ffff:127.0.0.1]"])(
    "%s in the file is the loopback address of that port, and its redirect is not followed",
    async (host) => {
      const { status, reasons } = await ask(`http://${host}:${port}/to-metadata`);
      expect({ status, reasons }).toEqual({ status: 502, reasons: ["provider_redirected"] });
      expect(reached).toEqual(["127.0.0.1"]);
    },
  );

  test("CVE-2026-26322 no header of a caller says where a call goes", async () => {
    resolveTo("api.models.test", ["127.0.0.2"]);
    const headers = {
      "x-portkey-custom-host": `http://127.0.0.1:${port}`,
      "x-base-url": `http://127.0.0.1:${port}`,
      "x-forwarded-host": `127.0.0.1:${port}`,
      "openai-base-url": `http://127.0.0.1:${port}`,
    };
    const answer = await ask(`http://api.models.test:${port}/v1`, ["api.models.test"], headers);
    expect([answer.status, reached]).toEqual([200, ["127.0.0.2"]]);
  });
});

describe("GHSA-w45g logging.audit.anchor.url", () => {
  const { signal } = new AbortController();
  const send = async (url: string, allowedPrivate: string[] = []): Promise<string | null> => {
    const target = anchorTarget(url);
    return target === null ? "no target" : deliver(target, "note", signal, privateAllowance(allowedPrivate, []));
  };

  test.each([["127.0.0.1"], ["169.254.169.254"], ["fd00:ec2::254"], ["::ffff:10.0.0.1"], ["64:ff9b::a9fe:a9fe"]])(
    "a name that leads to %s, alone or among others",
    async (address) => {
      resolveTo("anchor.test", [address], ["1.1.1.1", address]);
      expect(await send(`https://anchor.test:${port}/`)).toBe("address_not_public");
      expect(await send(`https://anchor.test:${port}/`)).toBe("address_not_public");
      expect(reached).toEqual([]);
    },
  );

  test.each(["169.254.169.254", "2852039166", "0xa9fea9fe", "[::ffff:a9fe:a9fe]", "[fd00:ec2::254]", "10.0.0.1"])(
    "%s as it stands",
    async (host) => expect(await send(`https://${host}/`)).toBe("address_not_public"),
  );

  test("a redirect is not followed", async () => {
    expect(await send(`http://127.0.0.1:${port}/to-metadata`)).toBe("status_307");
    expect(reached).toEqual(["127.0.0.1"]);
  });
});
