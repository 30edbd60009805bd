/** One attempt at a mail: to whom of its recipients it has not got yet. */
import { rejectionsOf, type Mailed, type Mailer } from "#server/alerts/deliver/mailer.ts";
import type { Outcome } from "#server/alerts/deliver/outcome.ts";
import type { MailPoint } from "#server/alerts/points/resolve.ts";
import { mailOf } from "#server/alerts/render/mail.ts";
import type { Notification } from "#server/alerts/notification.ts";
import { messageOf } from "#server/core/errors.ts";
import { AddressRefused } from "#server/core/net/outgoing.ts";
import type { AllowsPrivate } from "#server/core/net/outbound-policy.ts";

interface Order {
  id: string;
  content: Notification;
  /** Recipients of earlier attempts that need no further one. */
  settled: readonly string[];
  timeoutMs: number;
}

export async function sendMail(
  mailer: Mailer,
  { server, recipients }: MailPoint,
  { id, content, settled, timeoutMs }: Order,
  allowsPrivate: AllowsPrivate,
): Promise<Outcome> {
  const to = recipients.filter((recipient) => !settled.includes(recipient));
  if (to.length === 0) {
    return { result: "sent", reason: null, status: null, response: "", retryAfterMs: null, settled: [] };
  }
  const domain = server.from.slice(server.from.lastIndexOf("@") + 1);
  const mail = { ...mailOf(content), from: server.from, to, messageId: `<${id}@${domain}>` };
  try {
    return outcomeOf(await withinTime(mailer.send(server, mail, allowsPrivate), timeoutMs), to);
  } catch (error) {
    return failedOutcome(error, to);
  }
}

class TooSlow extends Error {}

function withinTime<T>(work: Promise<T>, timeoutMs: number): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new TooSlow("no answer in time")), timeoutMs);
  return Promise.race([work, late.promise]).finally(() => clearTimeout(timer));
}

/** A code from 500 is for good; all others, greylisting above all, are worth another attempt. */
const isForGood = (code: number | null): boolean => code !== null && code >= 500;

function outcomeOf({ accepted, rejected, response }: Mailed, to: readonly string[]): Outcome {
  const refused = rejected.filter(({ code }) => isForGood(code));
  const [later] = rejected.filter(({ code }) => !isForGood(code));
  const settled = to.filter((one) => accepted.includes(one) || refused.some(({ recipient }) => recipient === one));
  const [worst] = refused;
  if (later !== undefined) {
    const reason = worst === undefined ? null : "recipient_refused";
    return { result: "again", reason, status: later.code, response: later.response, retryAfterMs: null, settled };
  }
  return {
    result: accepted.length === 0 && worst !== undefined ? "refused" : "sent",
    reason: worst === undefined ? null : "recipient_refused",
    status: worst?.code ?? codeOf(response),
    response: worst?.response ?? response,
    retryAfterMs: null,
    settled,
  };
}

function failedOutcome(error: unknown, to: readonly string[]): Outcome {
  const base = { retryAfterMs: null, settled: [] };
  if (error instanceof AddressRefused) {
    return { ...base, result: "refused", reason: "address_refused", status: null, response: error.message };
  }
  const rejected = typeof error === "object" && error !== null ? rejectionsOf(error) : [];
  if (rejected.length > 0) {
    return outcomeOf({ accepted: [], rejected, response: "" }, to);
  }
  const code = error instanceof Error && "responseCode" in error ? Number(error.responseCode) : null;
  const response = error instanceof Error && "response" in error ? String(error.response) : messageOf(error);
  // Wrong credentials are often a password that is being changed: they are tried again like an outage.
  const isLogin = error instanceof Error && "code" in error && error.code === "EAUTH";
  const refused = isForGood(code) && !isLogin;
  return { ...base, result: refused ? "refused" : "again", reason: refused ? "refused" : null, status: code, response };
}

function codeOf(response: string): number | null {
  const [code] = /^\d{3}/.exec(response) ?? [];
  return code === undefined ? null : Number(code);
}
