/** Prisma over one of our pools. Raw SQL goes to the pool itself; models and transactions go here. */
import { PrismaPg } from "@prisma/adapter-pg";
import type { Pool } from "pg";
import { PrismaClient, type Prisma } from "#server/core/db/generated/client.ts";

export type Db = PrismaClient;
/** What a use case receives inside a transaction. */
export type Tx = Prisma.TransactionClient;
export type { Prisma } from "#server/core/db/generated/client.ts";

export function createDb(pool: Pool): Db {
  return new PrismaClient({ adapter: new PrismaPg(pool) });
}

/** One transaction; nothing slow belongs inside (no HTTP, hashing or key generation). */
export async function withTx<T>(db: Db, work: (tx: Tx) => Promise<T>): Promise<T> {
  return db.$transaction(work, { maxWait: 10_000, timeout: 15_000 });
}
