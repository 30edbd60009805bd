/** Members of the console for browser tests, made the way people become members, without the pages in between. */
import { randomBytes } from "node:crypto";
import { expect, type APIRequestContext } from "@playwright/test";
import { generateSync } from "otplib";
import { newInvitation } from "./cli.ts";
import { ORIGIN } from "./environment.ts";

export interface E2eMember {
  email: string;
  password: string;
  /** Seed of the authenticator. */
  secret: string;
  recoveryCodes: string[];
}

/** A password that the rules take. */
export const PASSWORD = "quiet otter under ninety lamps";
const STEP_MS = 30_000;
const headers = { origin: ORIGIN };

/**
 * A new member of that role with an authenticator. `request` (that of a browser context, or one of its own) is signed in afterwards, with the
 * second factor proven and dangerous actions open for ten minutes.
 */
export async function newMember(request: APIRequestContext, role = "admin"): Promise<E2eMember> {
  const member = await newMemberWithoutFactor(request, role);
  const { secret } = await mutate<{ secret: string }>(request, "account.beginTotp", { password: PASSWORD });
  const code = totpCode(secret);
  const { recoveryCodes } = await mutate<{ recoveryCodes: string[] }>(request, "account.confirmTotp", { code });
  return { ...member, secret: secret.replaceAll(" ", ""), recoveryCodes };
}

/** A new member whose second factor is still to be enrolled; `request` is signed in as far as that goes. */
export async function newMemberWithoutFactor(
  request: APIRequestContext,
  role = "admin",
): Promise<Pick<E2eMember, "email" | "password">> {
  const email = `e2e-${randomBytes(6).toString("hex")}@example.com`;
  const code = new URL(await newInvitation(email, role)).hash.slice(1);
  await callSignIn(request, "invitation", { code, name: "E2E member", password: PASSWORD });
  return { email, password: PASSWORD };
}

/** The code that the authenticator shows now. It is good once. */
export const totpCode = (secret: string, atMs = Date.now()): string =>
  generateSync({ secret: secret.replaceAll(" ", ""), epoch: Math.floor(atMs / 1000), period: STEP_MS / 1000 });

/** A code of a step that has just begun: an earlier one of this member was not of it. Waits for up to half a minute. */
export async function unusedCode(secret: string): Promise<string> {
  const begin = Math.floor(Date.now() / STEP_MS);
  await expect.poll(() => Math.floor(Date.now() / STEP_MS), { timeout: STEP_MS + 5_000 }).toBeGreaterThan(begin);
  return totpCode(secret);
}

/** One attempt to sign in. @returns the refusal, or null when `request` is signed in. */
export async function signInWith(
  request: APIRequestContext,
  provider: string,
  fields: Record<string, string>,
): Promise<string | null> {
  const { csrfToken } = (await (await request.get(`${ORIGIN}/api/auth/csrf`)).json()) as { csrfToken: string };
  const answer = await request.post(`${ORIGIN}/api/auth/callback/${provider}`, {
    headers,
    form: { ...fields, csrfToken, json: "true" },
  });
  const { url } = (await answer.json()) as { url: string };
  return new URL(url).searchParams.get("error");
}

async function callSignIn(request: APIRequestContext, provider: string, fields: Record<string, string>): Promise<void> {
  const refusal = await signInWith(request, provider, fields);
  if (refusal !== null) {
    throw new Error(`sign-in by ${provider} was refused: ${refusal}`);
  }
}

/** Calls a procedure of the console. */
async function mutate<T>(request: APIRequestContext, path: string, input: object): Promise<T> {
  const answer = await request.post(`${ORIGIN}/api/trpc/${path}`, { headers, data: { json: input } });
  const body = (await answer.json()) as { result?: { data: { json: T } } };
  if (body.result === undefined) {
    throw new Error(`${path}: ${JSON.stringify(body)}`);
  }
  return body.result.data.json;
}
