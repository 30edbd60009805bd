/** Members of the console for tests: made in the database, signed in by the front door. */
import { generateSync } from "otplib";
import type { AccountCall } from "#server/account/services.ts";
import type { AuthServices, CallOrigin } from "#server/auth/index.ts";
import { newTotpSeed } from "#server/auth/totp.ts";
import { findSession } from "#server/auth/session.ts";
import { signInWithPassword } from "#server/auth/sign-in-password.ts";
import { randomId } from "#server/core/ids.ts";

export const PASSWORD = "quiet otter under ninety lamps";

export interface TestMember {
  id: string;
  email: string;
  /** Seed of the authenticator; null = none. */
  seed: string | null;
}

let members = 0;
let hash: Promise<string> | null = null;

/** @param totp whether an authenticator is enrolled */
export async function addMember(
  services: AuthServices,
  { role = "admin", totp = true }: { role?: string; totp?: boolean } = {},
): Promise<TestMember> {
  members += 1;
  hash ??= services.passwords.hash(PASSWORD);
  const id = randomId("mem");
  const email = `member${members}@example.com`;
  const seed = totp ? newTotpSeed() : null;
  await services.db.member.create({
    data: {
      id,
      email,
      name: `Member ${members}`,
      roleName: role,
      passwordHash: await hash,
      totpSecret: seed === null ? null : services.factorSeal.sealSeed(id, seed),
      createdAt: new Date(services.clock.now()),
    },
  });
  return { id, email, seed };
}

/** The code an authenticator shows at the time of the services' clock. */
export const codeAt = (seed: string, ms: number): string =>
  generateSync({ secret: seed, epoch: Math.floor(ms / 1000), period: 30, digits: 6 });

/** Signs in with password and, where there is one, the code of the moment. @returns the id of the session. */
export const signInMember = (
  services: AuthServices & { clock: { time: number } },
  member: TestMember,
  origin: CallOrigin,
): Promise<string> => {
  // A code is good once: the next one is due.
  services.clock.time += 30_000;
  return signInWithPassword(
    services,
    {
      email: member.email,
      password: PASSWORD,
      ...(member.seed === null ? {} : { code: codeAt(member.seed, services.clock.now()) }),
    },
    origin,
  );
};

/** What a procedure is handed for that session. */
export async function accountCall(services: AuthServices, sessionId: string, origin: CallOrigin): Promise<AccountCall> {
  const session = await findSession(services, sessionId, { active: true });
  if (session === null) {
    throw new Error("no live session");
  }
  return { services, session, origin };
}
