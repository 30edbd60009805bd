/** The proxy with the clients programs use, from a container without a network. */
import { copyFileSync, readFileSync } from "node:fs";
import { createServer as createHttpServer } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { behindShim } from "#worker/link/test/behind-shim.ts";
import { listenOnLoopback, openLinkBench, type LinkBench } from "#worker/link/test/link-bench.ts";
import { certificateFolder } from "../../../tests/support/certificates.ts";

const certificates = certificateFolder();
const pair = certificates.make("outside", { names: "DNS:example.test" });
const web = createHttpServer((_request, response) => response.end("plain\n"));
const tls = createHttpsServer({ cert: readFileSync(pair.cert), key: readFileSync(pair.key) }, (_request, response) =>
  response.end("secret\n"),
);
let bench: LinkBench;
let ports = { http: 0, tls: 0 };

beforeAll(async () => {
  ports = { http: await listenOnLoopback(web), tls: await listenOnLoopback(tls) };
  bench = await openLinkBench({
    grants: { models: false, egress: { domains: ["example.test"] } },
    egress: {
      ports,
      reach: { resolve: async () => [{ address: "127.0.0.1", family: 4 }], isReachable: () => true },
    },
  });
  copyFileSync(new URL("../../launch/shim.py", import.meta.url), join(bench.folder, "shim.py"));
  copyFileSync(pair.cert, join(bench.folder, "ca.pem"));
});
afterAll(async () => {
  await bench.close();
  web.close();
  tls.close();
  certificates.remove();
});

const PROXY = "http://127.0.0.1:8642";
const ENV = `export http_proxy=${PROXY} https_proxy=${PROXY} HTTP_PROXY=${PROXY} HTTPS_PROXY=${PROXY} SSL_CERT_FILE=/run/openclaw/ca.pem`;

const inside = (script: string): Promise<string> =>
  behindShim(bench.folder, "python3 -I /run/openclaw/shim.py", ["/bin/sh", "-c", `${ENV}; ${script}`]);

it("Python's urllib reaches a listed host over HTTP and TLS, no other, and nothing past the proxy", async () => {
  const program = `import urllib.request as u
def get(url, opener=u.build_opener()):
    try:
        return opener.open(url).read().decode().strip()
    except OSError as error:
        return str(getattr(error, "code", None) or error.reason)
for host in "example", "evil":
    print(get(f"http://{host}.test:${ports.http}/"), get(f"https://{host}.test:${ports.tls}/"))
print(get("http://127.0.0.1:${ports.http}/", u.build_opener(u.ProxyHandler({}))))`;
  expect((await inside(`python3 -c '${program}'`)).split("\n")).toEqual([
    "plain secret",
    "403 Tunnel connection failed: 403 Forbidden",
    "[Errno 111] Connection refused",
    "",
  ]);
});

it("Node's fetch does over TLS; for plain HTTP it asks for a tunnel, which is refused", async () => {
  const program = `for (const url of ["https://example.test:${ports.tls}/", "https://evil.test:${ports.tls}/", "http://example.test:${ports.http}/"])
    console.log(await fetch(url).then(async (answer) => (await answer.text()).trim(), () => "refused"));`;
  const told = "export NODE_USE_ENV_PROXY=1 NODE_EXTRA_CA_CERTS=/run/openclaw/ca.pem NODE_NO_WARNINGS=1";
  expect(await inside(`${told}; node --input-type=module -e '${program}'`)).toBe("secret\nrefused\nrefused\n");
});
