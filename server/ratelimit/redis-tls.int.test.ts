import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startRedis, type TestRedis } from "../../tests/support/redis.ts";
import { connectRedis } from "#server/ratelimit/redis-connection.ts";

const folder = mkdtempSync(join(tmpdir(), "openclaw-redis-tls-"));
const tls = { cert: join(folder, "cert.pem"), key: join(folder, "key.pem") };
const trusted = getCACertificates("default");
let redis: TestRedis;

beforeAll(async () => {
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", tls.key];
  const names = ["-subj", "/CN=cache", "-addext", "subjectAltName=IP:127.0.0.1"];
  execFileSync("openssl", ["req", "-x509", "-days", "1", ...key, "-out", tls.cert, ...names], { stdio: "ignore" });
  redis = await startRedis({ password: "s3cret-of-the-store", tls });
});
afterAll(async () => {
  setDefaultCACertificates(trusted);
  await redis.stop();
  rmSync(folder, { recursive: true, force: true });
});

describe("RATE-6 a rediss:// address", () => {
  it("is refused when its certificate is signed by nobody this machine trusts", async () => {
    setDefaultCACertificates(trusted);
    const failure: unknown = await connectRedis(redis.url).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: "STORE_UNAVAILABLE" });
    expect(String(failure)).toMatch(/self-signed certificate/);
  });

  it("is refused when its certificate names another host", async () => {
    setDefaultCACertificates([...trusted, readFileSync(tls.cert, "utf8")]);
    const failure: unknown = await connectRedis(redis.url.replace("127.0.0.1", "localhost")).catch(
      (error: unknown) => error,
    );
    expect(String(failure)).toMatch(/Hostname\/IP does not match/);
  });

  it("works with a certificate that is trusted", async () => {
    setDefaultCACertificates([...trusted, readFileSync(tls.cert, "utf8")]);
    const connection = await connectRedis(redis.url);
    expect(await connection.ping()).toBe("PONG");
    await connection.quit();
  });
});
