/** A real SMTP server that takes, refuses and puts off as the test says. */
import type { AddressInfo } from "node:net";
import { SMTPServer, type SMTPServerOptions } from "smtp-server";

interface TakenMail {
  from: string;
  to: string[];
  text: string;
  tls: boolean;
  user: string | undefined;
}

export interface FakeMailServer {
  port: number;
  taken: TakenMail[];
  /** Said to a recipient instead of taking him; consumed one by one. */
  refuse: Map<string, { code: number; text: string }[]>;
  close(): Promise<void>;
}

export async function startFakeMailServer(options: SMTPServerOptions = {}): Promise<FakeMailServer> {
  const taken: TakenMail[] = [];
  const refuse: FakeMailServer["refuse"] = new Map();
  const server = new SMTPServer({
    disableReverseLookup: true,
    // Clients keep their connections.
    closeTimeout: 100,
    onAuth: ({ username, password }, _session, callback) =>
      username === "gateway" && password === "mail-password-71"
        ? callback(null, { user: username })
        : callback(Object.assign(new Error("no"), { responseCode: 535 })),
    onRcptTo({ address }, _session, callback) {
      const answer = refuse.get(address)?.shift();
      callback(answer === undefined ? null : Object.assign(new Error(answer.text), { responseCode: answer.code }));
    },
    onData(stream, session, callback) {
      const chunks: Buffer[] = [];
      stream.on("data", (chunk: Buffer) => chunks.push(chunk));
      stream.on("end", () => {
        const { mailFrom, rcptTo } = session.envelope;
        taken.push({
          from: mailFrom === false ? "" : mailFrom.address,
          to: rcptTo.map(({ address }) => address),
          text: Buffer.concat(chunks).toString("utf8"),
          tls: session.secure,
          user: session.user as string | undefined,
        });
        callback();
      });
    },
    ...options,
  });
  // A client that does not like the certificate hangs up: that is what some tests are about.
  server.on("error", () => undefined);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.server.address() as AddressInfo).port,
    taken,
    refuse,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
