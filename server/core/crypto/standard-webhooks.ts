/**
 * The sending side of Standard Webhooks, and its secrets. Pure but for the randomness of a new secret.
 * Source: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 */
import { createHmac, randomBytes } from "node:crypto";
import { AppError } from "#server/core/errors.ts";

/** Bytes of a secret, decoded. */
const KEY_BYTES = { least: 24, most: 64 };
const NEW_KEY_BYTES = 32;

/** The key behind `whsec_…`. @throws AppError NOT_CONFIGURED naming the key of the configuration */
export function standardKey(secret: string, path: string): Buffer {
  const text = secret.startsWith("whsec_") ? secret.slice("whsec_".length) : "";
  const key = Buffer.from(text, "base64");
  if (key.toString("base64").replace(/=+$/, "") !== text.replace(/=+$/, "") || !isKeyLength(key.length)) {
    throw new AppError(
      "NOT_CONFIGURED",
      `${path} is no secret of Standard Webhooks: "whsec_" and the base64 of ${KEY_BYTES.least} to ${KEY_BYTES.most} random bytes.`,
      { details: { key: path } },
    );
  }
  return key;
}

const isKeyLength = (bytes: number): boolean => bytes >= KEY_BYTES.least && bytes <= KEY_BYTES.most;

export const newStandardSecret = (): string => `whsec_${randomBytes(NEW_KEY_BYTES).toString("base64")}`;

/**
 * Headers of a delivery that we sign ourselves.
 * @param keys one signature for each, the current key first; two while a secret is changed
 * @param id names the delivery; the same for every attempt at it. Without dots, which join the signed text
 * @param now milliseconds since 1970
 */
export function signStandard(keys: readonly Buffer[], id: string, body: string, now: number): Record<string, string> {
  const seconds = String(Math.floor(now / 1000));
  const signatures = keys.map(
    (key) => `v1,${createHmac("sha256", key).update(`${id}.${seconds}.${body}`).digest("base64")}`,
  );
  return { "webhook-id": id, "webhook-timestamp": seconds, "webhook-signature": signatures.join(" ") };
}
