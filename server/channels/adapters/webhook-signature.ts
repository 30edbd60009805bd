/**
 * The three ways a generic webhook is signed. Pure.
 * Sources: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md ·
 * https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries · https://docs.stripe.com/webhooks#verify-manually
 * What makes a repeat recognisable is signed or is the signature itself, decoded: another header or another spelling is no new delivery.
 */
import type { HookRequest, Verdict } from "#server/channels/adapter.ts";
import type { WebhookScheme } from "#server/channels/schema.ts";
import { fault, freshness, fromBase64, fromHex, hmacMatches } from "#server/channels/signature.ts";
import { standardKey } from "#server/core/crypto/standard-webhooks.ts";

/** Milliseconds a signed time may be away from ours. */
const TOLERANCE_MS = 300_000;
const DIGEST_BYTES = 32;
/** Signatures of one delivery that are looked at; several are there while a secret is changed. */
const MAX_SIGNATURES = 8;

export interface Signature {
  /** From headers alone: whether there is something to verify. */
  precheck(request: HookRequest): Verdict;
  verify(request: HookRequest, body: Buffer, now: number): Verdict;
  /** Names the delivery where its body has no id of its own; only after `verify`. */
  replayKey(request: HookRequest): string | null;
}

/** @throws AppError NOT_CONFIGURED for a secret that is not of the scheme's form */
export function signatureOf(scheme: WebhookScheme, secret: string, path: string): Signature {
  switch (scheme) {
    case "standard":
      return standard(standardKey(secret, path));
    case "github":
      return github(secret);
    case "stripe":
      return stripe(secret);
  }
}

function standard(key: Buffer): Signature {
  const idOf = (request: HookRequest): string => request.header("webhook-id") ?? "";
  const signatures = (request: HookRequest): Buffer[] =>
    (request.header("webhook-signature") ?? "").split(" ").flatMap((entry) => {
      const decoded = entry.startsWith("v1,") ? fromBase64(entry.slice(3), DIGEST_BYTES) : null;
      return decoded === null ? [] : [decoded];
    });
  return {
    precheck(request) {
      if (request.header("webhook-signature") === undefined || idOf(request) === "") {
        return fault("signature_missing");
      }
      // The signed text joins its parts by dots, so an id with one could be cut elsewhere.
      return /^[\w:-]{1,200}$/.test(idOf(request)) && signatures(request).length > 0
        ? { ok: true }
        : fault("signature_wrong");
    },
    verify(request, body, now) {
      const seconds = request.header("webhook-timestamp") ?? "";
      const signed = [`${idOf(request)}.${seconds}.`, body];
      return matchesAny(signatures(request), key, signed)
        ? freshness(seconds, now, TOLERANCE_MS)
        : fault("signature_wrong");
    },
    replayKey: (request) => `msg:${idOf(request)}`,
  };
}

function github(secret: string): Signature {
  const signature = (request: HookRequest): Buffer | null => {
    const header = request.header("x-hub-signature-256") ?? "";
    return header.startsWith("sha256=") ? fromHex(header.slice("sha256=".length), DIGEST_BYTES) : null;
  };
  return {
    precheck: (request) => present(request, "x-hub-signature-256", signature(request) !== null),
    verify(request, body) {
      const given = signature(request);
      return given !== null && hmacMatches("sha256", secret, [body], given) ? { ok: true } : fault("signature_wrong");
    },
    // X-GitHub-Delivery is not signed: whoever repeats a delivery can write another.
    replayKey: (request) => `sig:${signature(request)?.toString("hex") ?? ""}`,
  };
}

function stripe(secret: string): Signature {
  const parts = (request: HookRequest): { seconds: string; signatures: Buffer[] } => {
    const fields = (request.header("stripe-signature") ?? "").split(",").map((field) => field.trim());
    const seconds = fields.filter((field) => field.startsWith("t="));
    const signatures = fields.flatMap((field) => {
      const decoded = field.startsWith("v1=") ? fromHex(field.slice(3), DIGEST_BYTES) : null;
      return decoded === null ? [] : [decoded];
    });
    return { seconds: seconds.length === 1 ? (seconds[0]?.slice(2) ?? "") : "", signatures };
  };
  return {
    precheck: (request) => present(request, "stripe-signature", parts(request).signatures.length > 0),
    verify(request, body, now) {
      const { seconds, signatures } = parts(request);
      return matchesAny(signatures, secret, [`${seconds}.`, body])
        ? freshness(seconds, now, TOLERANCE_MS)
        : fault("signature_wrong");
    },
    // Of the signature that the body proves, not of the header's text; which of several it was is told by the first here, so one is asked for.
    replayKey: (request) => {
      const { signatures } = parts(request);
      return signatures.length === 1 ? `sig:${signatures[0]?.toString("hex") ?? ""}` : null;
    },
  };
}

const matchesAny = (given: readonly Buffer[], key: string | Buffer, data: readonly (string | Buffer)[]): boolean =>
  given.slice(0, MAX_SIGNATURES).some((signature) => hmacMatches("sha256", key, data, signature));

function present(request: HookRequest, header: string, wellFormed: boolean): Verdict {
  if (request.header(header) === undefined) {
    return fault("signature_missing");
  }
  return wellFormed ? { ok: true } : fault("signature_wrong");
}
