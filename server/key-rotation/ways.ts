/** How a key can be rotated, and what whoever does it has to do elsewhere. Pure but for the random bytes of a new secret. */
import { randomBytes } from "node:crypto";
import { INBOUND_SECRETS } from "#server/channels/index.ts";
import type { HeldKey } from "#server/key-rotation/inventory.ts";
import type { KeyView } from "#server/key-rotation/schema.ts";

type Way = Pick<KeyView, "rotation" | "howTo" | "canGenerate" | "canTest">;

export function wayOf(key: HeldKey): Way {
  const { of, variables, id } = key;
  if (variables.length > 0) {
    const names = variables.join(", ");
    return {
      rotation: "environment",
      howTo: `It comes from the environment of the gateway: make a new key where it is issued, set ${names} to it, and restart the gateway. The change is seen at the start and recorded here; then revoke the old key.`,
      canGenerate: false,
      canTest: false,
    };
  }
  if (of.kind === "shared_token") {
    return elsewhere("Rotate it with: openclaw gateway rotate-token, or give each client a token of its own.");
  }
  if (of.kind === "other") {
    return elsewhere(of.howTo);
  }
  if (of.kind === "provider") {
    const { name } = of.provider;
    return {
      rotation: "here",
      howTo: `Make a new key at ${name}, enter it here (openclaw keys rotate ${id}), and revoke the old one at ${name} after the grace.`,
      canGenerate: false,
      canTest: true,
    };
  }
  const { key: name, held } = of;
  const inbound = isInbound(name);
  const canGenerate = generates(key);
  return {
    rotation: "here",
    howTo: inbound
      ? canGenerate
        ? `Rotate it here, then enter the new secret at ${held.connection.type}. Until the grace ends both are accepted.`
        : `Make a new one at ${held.connection.type} and enter it here. Until the grace ends both are accepted.`
      : canGenerate
        ? `Rotate it here, then enter the new secret where replies are received.`
        : `Make a new one at ${held.connection.type} and enter it here; it is used at once. Revoke the old one after the grace.`,
    canGenerate,
    canTest: !inbound && name !== "replySecret",
  };
}

const elsewhere = (howTo: string): Way => ({ rotation: "elsewhere", howTo, canGenerate: false, canTest: false });

const isInbound = (name: string): boolean => INBOUND_SECRETS.some((known) => known === name);

/** Secrets that the other side takes as we choose them. */
function generates({ of }: HeldKey): boolean {
  if (of.kind !== "channel") {
    return false;
  }
  const { key } = of;
  const { scheme = "standard" } = of.held.connection;
  return (
    key === "webhookSecret" ||
    key === "replySecret" ||
    key === "verifyToken" ||
    (key === "secret" && (scheme === "standard" || scheme === "github"))
  );
}

const SECRET_BYTES = 32;

/** A new value in the form that the other side expects. */
export function newSecret({ of }: HeldKey): string {
  const isStandard =
    of.kind === "channel" &&
    (of.key === "replySecret" || (of.key === "secret" && (of.held.connection.scheme ?? "standard") === "standard"));
  return isStandard
    ? `whsec_${randomBytes(SECRET_BYTES).toString("base64")}`
    : randomBytes(SECRET_BYTES).toString("base64url");
}
