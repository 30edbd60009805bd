/** Passkeys in the browser. The library is loaded when somebody uses one. */
import type {
  PublicKeyCredentialCreationOptionsJSON,
  PublicKeyCredentialRequestOptionsJSON,
} from "@simplewebauthn/browser";

/** Passkeys are bound to a host name: browsers have none for an address of numbers, and none outside secure contexts. */
export function passkeysWork(): boolean {
  const { hostname } = window.location;
  const isNumeric = /^[\d.]+$/.test(hostname) || hostname.startsWith("[");
  return window.isSecureContext && typeof window.PublicKeyCredential === "function" && !isNumeric;
}

/** What the authenticator answered, for the gateway to judge; or why there is no answer. */
export type Ceremony =
  { ok: true; response: { id: string; [field: string]: unknown } } | { ok: false; message: string };

/** Asks for a passkey that exists. */
export async function askForPasskey(options: object): Promise<Ceremony> {
  return ceremony(async () => {
    const { startAuthentication } = await import("@simplewebauthn/browser");
    return startAuthentication({ optionsJSON: options as PublicKeyCredentialRequestOptionsJSON });
  });
}

/** Makes a passkey. */
export async function makePasskey(options: object): Promise<Ceremony> {
  return ceremony(async () => {
    const { startRegistration } = await import("@simplewebauthn/browser");
    return startRegistration({ optionsJSON: options as PublicKeyCredentialCreationOptionsJSON });
  });
}

async function ceremony(run: () => Promise<{ id: string }>): Promise<Ceremony> {
  try {
    return { ok: true, response: { ...(await run()) } };
  } catch (error) {
    return { ok: false, message: explain(error) };
  }
}

function explain(error: unknown): string {
  const name = error instanceof Error ? error.name : "";
  switch (name) {
    case "NotAllowedError":
    case "AbortError":
      return "The passkey was not used: the request was cancelled or took too long. Try again.";
    case "InvalidStateError":
      return "This device holds a passkey for your account already. Use another device, or keep that one.";
    case "SecurityError":
      return "Passkeys work only under the console's own host name over HTTPS (or localhost). Open the console there.";
    default:
      return "This browser could not use a passkey. Try again, or use another way.";
  }
}
