/** Node's HTTP or HTTPS server with the limits that keep slow, endless or huge requests from holding it (slowloris, header floods). */
import { createServer as createHttp, type IncomingMessage, type Server as HttpServer } from "node:http";
import { createServer as createHttps, type Server as HttpsServer } from "node:https";
import type { SecureContextOptions } from "node:tls";
import type { TlsMaterial } from "#server/config/index.ts";

/** Times in milliseconds, sizes in bytes. */
const LIMITS = {
  maxHeaderSize: 16_384,
  headersTimeout: 10_000,
  requestTimeout: 60_000,
  keepAliveTimeout: 65_000,
  /** How often the times above are looked at. */
  connectionsCheckingInterval: 2_000,
  /** Checked in `request-form.ts`, which has an answer and a record for it. */
  requireHostHeader: false,
};
const HANDSHAKE_TIMEOUT_MS = 10_000;
/** All connections together. What comes on top is dropped by the kernel's side of Node, and counted. */
const MAX_CONNECTIONS = 4_000;

/** TLS 1.3, or 1.2 with forward secrecy and authenticated encryption. */
const CIPHERS = [
  "TLS_AES_256_GCM_SHA384",
  "TLS_CHACHA20_POLY1305_SHA256",
  "TLS_AES_128_GCM_SHA256",
  "ECDHE-ECDSA-AES256-GCM-SHA384",
  "ECDHE-RSA-AES256-GCM-SHA384",
  "ECDHE-ECDSA-CHACHA20-POLY1305",
  "ECDHE-RSA-CHACHA20-POLY1305",
  "ECDHE-ECDSA-AES128-GCM-SHA256",
  "ECDHE-RSA-AES128-GCM-SHA256",
].join(":");

export type NodeServer = HttpServer | HttpsServer;

interface NodeServerOptions {
  /** Serves TLS with it; undefined serves plain HTTP. */
  material: TlsMaterial | undefined;
  /** Whether somebody takes WebSocket upgrades. */
  upgrades: boolean;
}

export function createNodeServer({ material, upgrades }: NodeServerOptions): NodeServer {
  const limits = {
    ...LIMITS,
    // Any other protocol that a client would like to switch to is ignored, as HTTP allows.
    shouldUpgradeCallback: ({ headers }: IncomingMessage) => upgrades && headers.upgrade?.toLowerCase() === "websocket",
  };
  const server =
    material === undefined
      ? createHttp(limits)
      : createHttps({
          ...limits,
          ...secureContextOf(material),
          ...clientCertificates(material),
          handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
        });
  server.maxConnections = MAX_CONNECTIONS;
  // Node would drop the headers above its limit without a word; they are counted and refused in `request-form.ts`.
  server.maxHeadersCount = 0;
  return server;
}

export function isSecure(server: NodeServer): server is HttpsServer {
  return "setSecureContext" in server;
}

/** New handshakes use `material` from now on; open connections stay as they are. */
export function replaceMaterial(server: HttpsServer, material: TlsMaterial): void {
  server.setSecureContext(secureContextOf(material));
  // Node has no call for these two; its server reads them as properties for each new connection.
  Object.assign(server, clientCertificates(material));
}

function secureContextOf({ cert, key, ca }: TlsMaterial): SecureContextOptions {
  return {
    cert,
    key,
    ...(ca === undefined ? {} : { ca }),
    minVersion: "TLSv1.2",
    maxVersion: "TLSv1.3",
    ciphers: CIPHERS,
    honorCipherOrder: true,
  };
}

function clientCertificates({ ca }: TlsMaterial): { requestCert: boolean; rejectUnauthorized: boolean } {
  return { requestCert: ca !== undefined, rejectUnauthorized: true };
}
