/**
 * The first bytes of a tunnel, which must be a TLS handshake with the asked host. Threat: one allowed host that fronts for another; behind
 * the same address another name would be served if the handshake asked for it.
 */
import type { Duplex } from "node:stream";
import { MAX_HELLO_BYTES, readClientHello } from "#worker/link/egress/client-hello.ts";
import { canonicalHost } from "#worker/link/egress/host-name.ts";
import { EgressRefusal, type EgressReason } from "#worker/link/egress/refusal.ts";

/** Milliseconds the handshake's first message may take. */
const FIRST_FLIGHT_MS = 10_000;

/**
 * Resolves to what has arrived when the handshake has named `host`; the stream stands still then.
 * @throws EgressRefusal
 */
export function readFirstFlight(client: Duplex, head: Buffer, host: string): Promise<Buffer> {
  let bytes = head;
  return new Promise((resolve, reject) => {
    const finish = (fault: EgressReason | null): void => {
      clearTimeout(timer);
      client.pause();
      client.off("data", onData).off("end", onEnd).off("close", onEnd);
      if (fault === null) {
        resolve(bytes);
      } else {
        reject(new EgressRefusal(fault));
      }
    };
    const look = (): void => {
      const hello = readClientHello(bytes);
      if (hello.kind !== "more") {
        finish(faultOf(hello, host));
      } else if (bytes.length > 2 * MAX_HELLO_BYTES) {
        finish("not_tls");
      }
    };
    const onData = (chunk: Buffer): void => {
      bytes = Buffer.concat([bytes, chunk]);
      look();
    };
    const onEnd = (): void => finish("not_tls");
    const timer = setTimeout(onEnd, FIRST_FLIGHT_MS);
    client.on("data", onData).once("end", onEnd).once("close", onEnd);
    look();
  });
}

function faultOf(
  hello: Exclude<ReturnType<typeof readClientHello>, { kind: "more" }>,
  host: string,
): EgressReason | null {
  if (hello.kind === "not_tls") {
    return "not_tls";
  }
  if (hello.name === null) {
    return "server_name_missing";
  }
  if (canonicalHost(hello.name) !== host) {
    return "server_name_mismatch";
  }
  return hello.encrypted ? "encrypted_client_hello" : null;
}
