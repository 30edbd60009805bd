/** What leaves for the collector, and what does not: a listener on loopback, which is a private address like any other. */
import { createServer, type Server } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { NOTHING_PRIVATE } from "#server/core/net/outbound-policy.ts";
import { openSender } from "#server/metrics/telemetry/sender.ts";

let listener: Server;
let paths: string[];
let status: number;

beforeEach(async () => {
  paths = [];
  status = 200;
  listener = createServer((request, response) => {
    paths.push(request.url ?? "");
    response.writeHead(status, { location: "/elsewhere" }).end("x".repeat(100_000));
  });
  listener.listen(0, "127.0.0.1");
  await once(listener, "listening");
});
afterEach(() => {
  listener.closeAllConnections();
  listener.close();
});

const collector = () => ({
  endpoint: `http://127.0.0.1:${(listener.address() as AddressInfo).port}/`,
  headers: { authorization: "Bearer s3cret" },
});

describe("MON-1 the way to the collector", () => {
  it("MON-1 a private address is not connected to unless the configuration opens it", async () => {
    const closed = openSender(NOTHING_PRIVATE);
    const problem = await closed.send(collector(), "traces", "{}");
    expect(problem).toContain("security.outbound.allowedPrivate");
    expect(problem).not.toContain("s3cret");
    expect(paths).toEqual([]);
    await closed.close();

    const opened = openSender(() => true);
    expect(await opened.send(collector(), "traces", "{}")).toBeNull();
    expect(paths).toEqual(["/v1/traces"]);
    await opened.close();
  });

  it("MON-1 a redirect is not followed, and a fault is told without anything of the headers", async () => {
    const sender = openSender(() => true);
    for (const wrong of [307, 401, 503]) {
      status = wrong;
      expect(await sender.send(collector(), "metrics", "{}")).toBe(`it answered with status ${wrong}`);
    }
    expect(new Set(paths)).toEqual(new Set(["/v1/metrics"]));
    await sender.close();
    listener.closeAllConnections();
    expect(await openSender(() => true).send({ ...collector(), endpoint: "http://127.0.0.1:1" }, "traces", "{}")).toBe(
      "it was not reached",
    );
  });
});
