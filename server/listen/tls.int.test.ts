import { execFile } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { chmodSync, copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { connect, type TLSSocket } from "node:tls";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { certificateFolder, type CertificateFolder, type Pair } from "../../tests/support/certificates.ts";
import { ask, openSocket, readAnswer } from "../../tests/support/raw-http.ts";
import { startServer, type TestServer } from "../../tests/support/server.ts";
import { connect as connectWebSocket } from "../../tests/support/websocket.ts";

const run = promisify(execFile);

interface Outcome {
  code: number;
  out: string;
  err: string;
}

/** A real client; a failure is an outcome like any other. */
async function tool(name: "curl" | "openssl", ...args: string[]): Promise<Outcome> {
  const started = run(name, args, { timeout: 20_000 });
  started.child.stdin?.end();
  return started.then(
    ({ stdout, stderr }) => ({ code: 0, out: stdout, err: stderr }),
    (error: Error & { code?: number; stdout?: string; stderr?: string }) => ({
      code: error.code ?? -1,
      out: error.stdout ?? "",
      err: error.stderr ?? "",
    }),
  );
}

let folder: CertificateFolder;
/** What the gateway serves with; tests replace the files. */
let live: Pair;
let first: Pair;
let server: TestServer;
let port: number;

const TOKEN = "k3Zt9QwLx7VbN2mRf8Yc5HjP";
const config = (tls: string): string => `{
  gateway: {
    bind: "::",
    token: "${TOKEN}",
    tls: { enabled: true, ${tls} },
    allowedOrigins: ["https://localhost:8443"],
    allowedIps: ["127.0.0.1", "::1"],
  },
}`;

const place = (pair: Pair): void => {
  copyFileSync(pair.cert, live.cert);
  copyFileSync(pair.key, live.key);
};

const curl = (...args: string[]): Promise<Outcome> =>
  tool("curl", "-sS", "-i", "--max-time", "10", ...args, `https://localhost:${port}/healthz`);

const handshake = (...args: string[]): Promise<Outcome> =>
  tool("openssl", "s_client", "-connect", `127.0.0.1:${port}`, "-CAfile", first.cert, ...args);

/** Waits for the record to hold such an event. */
async function recorded(
  event: string,
  isThere: (row: { reason: string | null; data: object }) => boolean = () => true,
) {
  for (;;) {
    const row = (await server.recorded(event)).find(isThere);
    if (row !== undefined) {
      return row;
    }
  }
}

function open(): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: "127.0.0.1", rejectUnauthorized: false }, () => resolve(socket));
    socket.once("error", reject);
  });
}

beforeAll(async () => {
  folder = certificateFolder();
  live = { cert: join(folder.path, "live.pem"), key: join(folder.path, "live.key") };
  first = folder.make("first");
  place(first);
  chmodSync(live.key, 0o600);
  server = await startServer(config(`cert: "${live.cert}", key: "${live.key}"`));
  port = Number(new URL(server.url).port);
});
afterAll(async () => {
  await server.stop();
  folder.remove();
});

describe("NET-3 what is spoken", () => {
  it.each(["1.2", "1.3"])("TLS %s is served, with HSTS", async (version) => {
    const answer = await curl("--cacert", first.cert, "--tls-max", version, "--tlsv1.2");
    expect(answer).toMatchObject({ code: 0, out: expect.stringContaining("200 OK") as string });
    const api = await tool("curl", "-sSi", "--cacert", first.cert, `https://localhost:${port}/api/v1/whoami`);
    expect(api.out).toMatch(/401 Unauthorized[\s\S]*strict-transport-security: max-age=\d{8}/i);
  });

  it("1.3 is preferred", async () => {
    expect((await handshake()).out).toMatch(/TLSv1\.3, Cipher is TLS_/);
  });

  it.each(["-tls1", "-tls1_1"])("%s is refused by the server, on record", async (version) => {
    const answer = await handshake(version, "-cipher", "DEFAULT@SECLEVEL=0");
    expect(answer.code).not.toBe(0);
    expect(answer.err).toContain("alert protocol version");
    await recorded("network.tls_refused", ({ reason }) => reason === "old_protocol");
  });

  it("a cipher without forward secrecy is refused", async () => {
    const answer = await handshake("-tls1_2", "-cipher", "AES128-SHA:AES256-GCM-SHA384");
    expect([answer.code, answer.err]).toEqual([1, expect.stringContaining("handshake failure")]);
  });

  it("plain HTTP on the TLS port is refused cleanly", async () => {
    const socket = await openSocket({ port });
    socket.write("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
    expect((await readAnswer(socket)).status).toBe(0);
    await recorded("network.tls_refused", ({ reason }) => reason === "plain_http");
    expect((await curl("--cacert", first.cert)).code).toBe(0);
  });

  it("a handshake that never comes ends after ten seconds, on record", async () => {
    const started = performance.now();
    expect((await readAnswer(await openSocket({ port }))).text).toBe("");
    expect(performance.now() - started).toBeGreaterThan(9_000);
    await recorded("network.tls_refused", ({ reason }) => reason === "handshake_timeout");
  });

  it("NET-4 an address outside the list is closed before the handshake, and IPv4 on an IPv6 socket is IPv4", async () => {
    const foreign = await openSocket({ port, from: "127.0.3.9" });
    expect((await readAnswer(foreign)).text).toBe("");
    expect((await curl("--cacert", first.cert, "-4")).code).toBe(0);
    expect((await curl("--cacert", first.cert, "-6")).code).toBe(0);
  });

  it("a broken request inside TLS gets its 400 and HSTS", async () => {
    const socket = await open();
    socket.write("GET / HTTP/1.1\nx\n\n");
    const answer = await readAnswer(socket);
    expect(answer.status).toBe(400);
    expect(answer.headers["strict-transport-security"]).toMatch(/max-age/);
  });
});

describe("NET-3 a new certificate", () => {
  it("is taken up without a restart or a dropped connection", async () => {
    const kept = await open();
    expect((await ask(kept, "/healthz")).status).toBe(200);
    const second = folder.make("second");
    place(second);
    const event = await recorded("tls.reloaded");
    expect(Object.keys(event.data).sort()).toEqual(["authorityChanged", "fingerprint", "validTo"]);
    expect((await ask(kept, "/healthz")).status).toBe(200);
    kept.destroy();
    expect((await curl("--cacert", second.cert)).code).toBe(0);
    expect((await curl("--cacert", first.cert)).code).toBe(60);
  });

  it("that does not match its key, is cut off or is gone leaves the old one in force, on record", async () => {
    const third = folder.make("third");
    place(third);
    await recorded("tls.reloaded", ({ data }) => JSON.stringify(data).includes(fingerprintOf(third)));
    const problems = ["-----BEGIN CERTIFICATE-----\nMIIB", "", null];
    for (const [index, content] of problems.entries()) {
      if (content === null) {
        copyFileSync(first.cert, live.cert);
      } else {
        writeFileSync(live.cert, content);
      }
      await failures(index + 1);
      expect((await curl("--cacert", third.cert)).code).toBe(0);
    }
    place(third);
  });

  it("is found when the configuration names other files", async () => {
    const fourth = folder.make("fourth");
    writeFileSync(server.home.configFile, config(`cert: "${fourth.cert}", key: "${fourth.key}"`));
    await recorded("tls.reloaded", ({ data }) => JSON.stringify(data).includes(fingerprintOf(fourth)));
    expect((await curl("--cacert", fourth.cert)).code).toBe(0);
  });

  it("that expires within 30 days or is for another name gives a warning on record", async () => {
    const short = folder.make("short", { days: 10, names: "DNS:other.example" });
    writeFileSync(server.home.configFile, config(`cert: "${short.cert}", key: "${short.key}"`));
    await recorded("tls.certificate_expiring", ({ reason }) => reason === "expires_soon");
    await recorded("tls.certificate_expiring", ({ reason }) => reason === "host_not_covered");
  });
});

describe("NET-3 mTLS: ca asks for client certificates", () => {
  let authority: Pair;
  let member: Pair;
  let stranger: Pair;

  const as = ({ cert, key }: Pair, ...args: string[]): Promise<Outcome> =>
    curl("--cacert", first.cert, "--cert", cert, "--key", key, ...args);

  beforeAll(async () => {
    authority = folder.make("authority");
    member = folder.make("member", { by: authority });
    stranger = folder.make("stranger");
    const open = await openTls();
    const closed = new Promise((resolve) => open.once("close", resolve));
    writeFileSync(
      server.home.configFile,
      config(`cert: "${first.cert}", key: "${first.key}", ca: "${authority.cert}"`),
    );
    // Who came in before the rule does not stay.
    await closed;
  });

  const openTls = async (): Promise<TLSSocket> => {
    const socket = await open();
    socket.on("error", () => undefined);
    await ask(socket, "/healthz");
    return socket;
  };

  it("WSS: with a certificate of that authority and a token the live connection opens; without one the handshake fails", async () => {
    const url = `https://localhost:${port}`;
    const ca = readFileSync(first.cert);
    const { cert, key } = member;
    const shown = { ca, cert: readFileSync(cert), key: readFileSync(key) };
    const socket = await connectWebSocket(url, { token: TOKEN, tls: shown });
    expect(await socket.take("ready")).toMatchObject({ principal: { name: "gateway.token" } });
    socket.ws.close();
    await socket.closed;
    await expect(connectWebSocket(url, { token: TOKEN, tls: { ca } })).rejects.toThrow();
  });

  it.each(["1.2", "1.3"])("TLS %s: with a certificate of that authority the request is served", async (version) => {
    expect(await as(member, "--tls-max", version)).toMatchObject({
      code: 0,
      out: expect.stringContaining("200 OK") as string,
    });
  });

  it.each(["1.2", "1.3"])("TLS %s: without one, or with one of another authority, nothing is", async (version) => {
    const without = await curl("--cacert", first.cert, "--tls-max", version);
    expect([without.code === 0, without.out]).toEqual([false, ""]);
    const foreign = await as(stranger, "--tls-max", version);
    expect([foreign.code === 0, foreign.out]).toEqual([false, ""]);
    await recorded("network.tls_refused", ({ reason }) => reason === "client_certificate_missing");
    const row = await recorded("network.tls_refused", ({ reason }) => reason === "client_certificate_refused");
    expect(row).toMatchObject({
      outcome: "denied",
      actor_id: expect.stringMatching(/^(?:127\.0\.0\.1|::1)$/) as string,
    });
  });

  it("another authority in its place ends the rights of the first", async () => {
    writeFileSync(server.home.configFile, config(`cert: "${first.cert}", key: "${first.key}", ca: "${stranger.cert}"`));
    for (;;) {
      if ((await as(stranger)).code === 0) {
        break;
      }
    }
    expect((await as(member)).code).not.toBe(0);
  });
});

it("NET-3 files that cannot be used: validate-config and the start both end with 6 and name the key", async () => {
  const home = join(folder.path, "home");
  const file = join(folder.path, "broken.json5");
  const text = `{ gateway: { tls: { enabled: true, cert: "${first.cert}", key: "/nowhere.key" } } }`;
  writeFileSync(file, text);
  for (const args of [
    ["cli/main.ts", "security", "validate-config", file],
    ["supervisor/main.ts", "--only", "gateway"],
  ]) {
    const env = { ...process.env, OPENCLAW_HOME: home, OPENCLAW_CONFIG: file };
    const ended = run(process.execPath, args, { env });
    await expect(ended).rejects.toMatchObject({ code: 6 });
    await ended.catch((error: { stdout: string; stderr: string }) =>
      expect(error.stdout + error.stderr).toMatch(/gateway\.tls\.key: cannot be read: ENOENT/),
    );
  }
});

/** Resolves when that many reloads have failed since the start. */
async function failures(count: number): Promise<void> {
  for (;;) {
    if ((await server.recorded("tls.reload_failed")).length >= count) {
      return;
    }
  }
}

function fingerprintOf({ cert }: Pair): string {
  return new X509Certificate(readFileSync(cert)).fingerprint256;
}
