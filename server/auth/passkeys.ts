/** Passkeys (WebAuthn): what a browser is asked, and whether its answer is one. User verification is always asked for: a passkey counts as two factors. */
import type {
  AuthenticationResponseJSON,
  PublicKeyCredentialCreationOptionsJSON,
  PublicKeyCredentialRequestOptionsJSON,
  RegistrationResponseJSON,
} from "@simplewebauthn/server";
import { isIP } from "node:net";
import { z } from "zod";
import { isOurChallenge, newChallenge, type ChallengePurpose } from "#server/auth/challenges.ts";
import type { AuthServices } from "#server/auth/services.ts";
import { AppError } from "#server/core/errors.ts";

type PasskeyServices = Pick<AuthServices, "web" | "sessionSecret" | "clock">;

export interface StoredPasskey {
  credentialId: string;
  publicKey: Uint8Array<ArrayBuffer>;
  counter: bigint;
}

// The library takes long to load, and whoever comes by password or at the command line does not need it.
const library = () => import("@simplewebauthn/server");

const RP_NAME = "OpenClaw Gateway";

/**
 * The name passkeys are bound to under the Host a browser used; null where browsers know none, which is under a bare IP address.
 * @param host the Host header, which the server has checked to be one of its own
 */
export function passkeyDomain(host: string | null): string | null {
  const name = host === null ? null : (URL.parse(`http://${host}`)?.hostname ?? null);
  return name === null || name === "" || isIP(name.replaceAll(/[[\]]/g, "")) !== 0 ? null : name;
}

/** Why passkeys cannot be used under this Host, in words; null when they can. */
export function passkeysUnavailable(host: string | null, { web }: Pick<AuthServices, "web">): string | null {
  if (passkeyDomain(host) !== null) {
    return null;
  }
  const named = web.accepted.find((origin) => passkeyDomain(new URL(origin).host) !== null);
  const remedy = named === undefined ? "a host name (gateway.allowedOrigins)" : named;
  return `Browsers use passkeys under a host name only, not under an IP address. Open the console under ${remedy}.`;
}

/** @throws AppError("NOT_FOUND") under a bare IP address. */
function domainOf(host: string | null, services: Pick<AuthServices, "web">): string {
  const domain = passkeyDomain(host);
  if (domain === null) {
    throw new AppError("NOT_FOUND", passkeysUnavailable(host, services) ?? "");
  }
  return domain;
}

/** What the browser passes to its authenticator to make a passkey. @throws AppError("NOT_FOUND") under a bare IP address. */
export async function registrationOptions(
  services: PasskeyServices,
  host: string | null,
  member: { id: string; email: string; name: string },
  existing: readonly string[],
): Promise<PublicKeyCredentialCreationOptionsJSON> {
  const rpID = domainOf(host, services);
  const { generateRegistrationOptions } = await library();
  return generateRegistrationOptions({
    rpName: RP_NAME,
    rpID,
    userName: member.email,
    userDisplayName: member.name,
    userID: new Uint8Array(Buffer.from(member.id)),
    challenge: newChallenge(services, `enrol:${member.id}`),
    attestationType: "none",
    excludeCredentials: existing.map((id) => ({ id })),
    authenticatorSelection: { residentKey: "required", userVerification: "required" },
  });
}

/** What the browser passes to its authenticator to prove one. @param allowed credential ids; empty = whichever it has for this place. */
export async function authenticationOptions(
  services: PasskeyServices,
  host: string | null,
  purpose: ChallengePurpose,
  allowed: readonly string[],
): Promise<PublicKeyCredentialRequestOptionsJSON> {
  const rpID = domainOf(host, services);
  const { generateAuthenticationOptions } = await library();
  return generateAuthenticationOptions({
    rpID,
    challenge: newChallenge(services, purpose),
    userVerification: "required",
    allowCredentials: allowed.map((id) => ({ id })),
  });
}

/** The new passkey in the browser's answer, and the challenge it has answered; null when the answer is none. */
export async function readRegistration(
  services: PasskeyServices,
  memberId: string,
  response: unknown,
): Promise<(StoredPasskey & { transports: string[]; challenge: string }) | null> {
  const challenge = challengeIn(services, `enrol:${memberId}`, response);
  const domains = domainsOf(services);
  if (challenge === null || domains.length === 0) {
    return null;
  }
  const { verifyRegistrationResponse } = await library();
  try {
    const { verified, registrationInfo } = await verifyRegistrationResponse({
      response: response as RegistrationResponseJSON,
      expectedChallenge: challenge,
      expectedOrigin: [...services.web.accepted],
      expectedRPID: domains,
      requireUserVerification: true,
    });
    if (!verified) {
      return null;
    }
    const { id, publicKey, counter, transports } = registrationInfo.credential;
    return {
      credentialId: id,
      publicKey: new Uint8Array(publicKey),
      counter: BigInt(counter),
      transports: transports ?? [],
      challenge,
    };
  } catch {
    // The library throws at whatever does not fit; its texts repeat what a stranger sent.
    return null;
  }
}

/** The counter after a genuine answer of this passkey, and the challenge it has answered; null when the answer is none. */
export async function readAuthentication(
  services: PasskeyServices,
  purpose: ChallengePurpose,
  passkey: StoredPasskey,
  response: unknown,
): Promise<{ counter: bigint; challenge: string } | null> {
  const challenge = challengeIn(services, purpose, response);
  const domains = domainsOf(services);
  if (challenge === null || domains.length === 0) {
    return null;
  }
  const { verifyAuthenticationResponse } = await library();
  try {
    const { verified, authenticationInfo } = await verifyAuthenticationResponse({
      response: response as AuthenticationResponseJSON,
      expectedChallenge: challenge,
      expectedOrigin: [...services.web.accepted],
      expectedRPID: domains,
      credential: { id: passkey.credentialId, publicKey: passkey.publicKey, counter: Number(passkey.counter) },
      requireUserVerification: true,
    });
    return verified ? { counter: BigInt(authenticationInfo.newCounter), challenge } : null;
  } catch {
    return null;
  }
}

const Response = z.looseObject({ response: z.looseObject({ clientDataJSON: z.string().max(4_096) }) });
const ClientData = z.looseObject({ challenge: z.string().max(200) });

/** The challenge that the answer names, when we gave it out for this purpose. */
function challengeIn(services: PasskeyServices, purpose: ChallengePurpose, response: unknown): string | null {
  const parsed = Response.safeParse(response);
  if (!parsed.success) {
    return null;
  }
  try {
    const text = Buffer.from(parsed.data.response.clientDataJSON, "base64url").toString("utf8");
    const { challenge } = ClientData.parse(JSON.parse(text));
    return isOurChallenge(services, purpose, challenge) ? challenge : null;
  } catch {
    return null;
  }
}

const domainsOf = ({ web }: Pick<AuthServices, "web">): string[] => [
  ...new Set(web.accepted.flatMap((origin) => passkeyDomain(new URL(origin).host) ?? [])),
];
