import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { connectEngine, EngineSilentError, isEngineGone, withinLimit } from "#worker/connect-engine.ts";

const folder = mkdtempSync(join(tmpdir(), "openclaw-engine-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("SBX-1 the engine's address is read as the docker command line reads it", () => {
  expect(connectEngine()).toMatchObject({ endpoint: "unix:///var/run/docker.sock", local: true });
  expect(connectEngine("unix:///run/user/1000/docker.sock")).toMatchObject({ local: true });
  expect(connectEngine("tcp://10.0.0.1:2375")).toMatchObject({ endpoint: "tcp://10.0.0.1:2375", local: false });
});

test.each(["ssh://host", "npipe:////./pipe/docker", "/var/run/docker.sock", "tcp://host", "tcp://user:secret@host:1"])(
  "%s is refused with the forms that work, and is not repeated",
  (host) => {
    expect(() => connectEngine(host)).toThrow(/unix:\/\/\/path\/to\/docker.sock/);
    expect(() => connectEngine(host)).not.toThrow(/secret/);
  },
);

describe("SBX-1 an engine that cannot be reached is told apart from every other failure", () => {
  const failureOf = (host: string): Promise<unknown> =>
    connectEngine(host)
      .docker.ping()
      .catch((error: unknown) => error);

  test("no socket, a refused connection, a connection that breaks", async () => {
    expect(isEngineGone(await failureOf(`unix://${folder}/none.sock`))).toBe(true);
    expect(isEngineGone(await failureOf("tcp://127.0.0.1:1"))).toBe(true);
    const path = join(folder, "breaking.sock");
    const server = createServer((socket) => socket.destroy()).listen(path);
    await once(server, "listening");
    expect(isEngineGone(await failureOf(`unix://${path}`))).toBe(true);
    server.close();
  });

  test("an engine that takes the call and stays silent", async () => {
    const path = join(folder, "silent.sock");
    const server = createServer().listen(path);
    await once(server, "listening");
    const answer = withinLimit(connectEngine(`unix://${path}`).docker.ping(), 50);
    await expect(answer).rejects.toBeInstanceOf(EngineSilentError);
    expect(isEngineGone(await answer.catch((error: unknown) => error))).toBe(true);
    server.close();
  });

  test("an answer, a missing program and a missing file are not it", async () => {
    expect(isEngineGone(Object.assign(new Error("no such container"), { statusCode: 404 }))).toBe(false);
    const [missingProgram] = (await once(spawn(join(folder, "no-such-program")), "error")) as [Error];
    expect(isEngineGone(missingProgram)).toBe(false);
    expect(isEngineGone("ECONNREFUSED")).toBe(false);
  });
});
