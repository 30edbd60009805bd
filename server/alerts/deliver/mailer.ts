/**
 * Mail servers, with kept connections. The address of a server is judged like any other outgoing one, and the connection goes to the very
 * address that was judged. Nothing is sent in the clear unless that was asked for, and certificates are verified.
 */
import { createHash } from "node:crypto";
import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import { createTransport } from "nodemailer";
import type { MailServer } from "#server/alerts/points/resolve.ts";
import { AddressRefused } from "#server/core/net/outgoing.ts";
import { refusedAddress, type AllowsPrivate } from "#server/core/net/outbound-policy.ts";

interface OutgoingMail {
  from: string;
  to: string[];
  subject: string;
  text: string;
  messageId: string;
}

export interface Rejection {
  recipient: string;
  /** SMTP code; null = the server said none. */
  code: number | null;
  response: string;
}

export interface Mailed {
  accepted: string[];
  rejected: Rejection[];
  response: string;
}

export interface Mailer {
  /** @throws AddressRefused, or what nodemailer throws when no recipient was accepted */
  send(server: MailServer, mail: OutgoingMail, allowsPrivate: AllowsPrivate): Promise<Mailed>;
  close(): void;
}

/** Each step may take so long (milliseconds); all of them together the caller bounds. */
const STEP_MS = 10_000;
const MOST_POOLS = 20;

type Transport = ReturnType<typeof openTransport>;

export function createMailer(): Mailer {
  const pools = new Map<string, Transport>();

  function transportOf(server: MailServer, address: string): Transport {
    // The hash keeps the password out of a key that may be looked at.
    const key = createHash("sha256")
      .update(JSON.stringify([server, address]))
      .digest("base64");
    const known = pools.get(key);
    if (known !== undefined) {
      return known;
    }
    const [oldest] = pools.keys();
    if (pools.size >= MOST_POOLS && oldest !== undefined) {
      pools.get(oldest)?.close();
      pools.delete(oldest);
    }
    const opened = openTransport(server, address);
    pools.set(key, opened);
    return opened;
  }

  return {
    async send(server, mail, allowsPrivate) {
      const address = await judgedAddress(server, allowsPrivate);
      const { from, to, subject, text, messageId } = mail;
      const sent = await transportOf(server, address).sendMail({
        envelope: { from, to },
        from,
        to,
        subject,
        text,
        messageId,
        headers: { "Auto-Submitted": "auto-generated" },
        disableFileAccess: true,
        disableUrlAccess: true,
      });
      return {
        accepted: sent.accepted.map(addressText),
        rejected: rejectionsOf(sent),
        response: sent.response,
      };
    },
    close() {
      pools.forEach((transport) => transport.close());
      pools.clear();
    },
  };
}

const addressText = (address: string | { address: string }): string =>
  typeof address === "string" ? address : address.address;

/** Who was refused, of an answer as of an error: nodemailer tells both alike. */
export function rejectionsOf(told: object): Rejection[] {
  const errors =
    "rejectedErrors" in told && Array.isArray(told.rejectedErrors) ? (told.rejectedErrors as unknown[]) : [];
  return errors.flatMap((error) => {
    if (typeof error !== "object" || error === null || !("recipient" in error)) {
      return [];
    }
    const code = "responseCode" in error && typeof error.responseCode === "number" ? error.responseCode : null;
    const response = "response" in error && typeof error.response === "string" ? error.response : "";
    return [{ recipient: String(error.recipient), code, response }];
  });
}

async function judgedAddress({ host, port }: MailServer, allowsPrivate: AllowsPrivate): Promise<string> {
  const addresses = isIP(host) === 0 ? (await lookup(host, { all: true })).map(({ address }) => address) : [host];
  const refused = refusedAddress({ host, port }, addresses, allowsPrivate);
  const [first] = addresses;
  if (refused !== null || first === undefined) {
    throw new AddressRefused(host, refused ?? "no address");
  }
  return first;
}

function openTransport({ host, port, secure, user, password, ca }: MailServer, address: string) {
  return createTransport({
    pool: true,
    maxConnections: 2,
    host: address,
    port,
    secure: secure === "tls",
    requireTLS: secure === "starttls",
    ignoreTLS: secure === "none",
    ...(user === null ? {} : { auth: { user, pass: password ?? "" } }),
    tls: {
      rejectUnauthorized: true,
      minVersion: "TLSv1.2",
      // The certificate is that of the name, not of the address that the name was looked up as.
      ...(isIP(host) === 0 ? { servername: host } : {}),
      ...(ca === null ? {} : { ca }),
    },
    connectionTimeout: STEP_MS,
    greetingTimeout: STEP_MS,
    socketTimeout: STEP_MS,
    logger: false,
  });
}
