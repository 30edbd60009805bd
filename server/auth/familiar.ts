/**
 * Addresses that members have signed in from. Threat: failures from everywhere hold up an account whose secret can be guessed, so anybody
 * could keep its owner out; where the owner was before, only failures made there count.
 */
import { keyedHash } from "#server/auth/derived-key.ts";
import type { AuthServices } from "#server/auth/services.ts";
import type { Tx } from "#server/core/db/client.ts";
import { addressKey } from "#server/core/http/address.ts";

/** Milliseconds for which an address is remembered after a sign-in. */
const REMEMBERED_MS = 60 * 24 * 60 * 60_000;

/** @param memberId null asks the same of nobody, so that an unknown member takes as long. */
export async function isFamiliar(
  services: Pick<AuthServices, "db" | "clock" | "sessionSecret">,
  memberId: string | null,
  address: string,
): Promise<boolean> {
  const row = await services.db.memberAddress.findUnique({
    where: {
      memberId_addressHash: {
        memberId: memberId ?? "",
        addressHash: hashOf(services.sessionSecret, memberId ?? "", address),
      },
    },
  });
  return row !== null && services.clock.now() - row.lastSeenAt.getTime() < REMEMBERED_MS;
}

/** Notes a sign-in as part of `tx`, and forgets addresses of long ago. */
export async function rememberAddress(
  tx: Tx,
  { sessionSecret }: Pick<AuthServices, "sessionSecret">,
  memberId: string,
  address: string,
  now: Date,
): Promise<void> {
  const addressHash = hashOf(sessionSecret, memberId, address);
  await tx.memberAddress.upsert({
    where: { memberId_addressHash: { memberId, addressHash } },
    create: { memberId, addressHash, lastSeenAt: now },
    update: { lastSeenAt: now },
  });
  await tx.memberAddress.deleteMany({
    where: { memberId, lastSeenAt: { lt: new Date(now.getTime() - REMEMBERED_MS) } },
  });
}

const hashOf = (secret: string, memberId: string, address: string): Uint8Array<ArrayBuffer> =>
  new Uint8Array(keyedHash(secret, "member-address", `${memberId}|${addressKey(address)}`));
