/** Prisma over one of our pools. Raw SQL goes to the pool itself; models and transactions go here. */
import { PrismaPg } from "@prisma/adapter-pg";
import type { Pool } from "pg";
import { PrismaClient, type Prisma } from "#server/core/db/generated/client.ts";

export { withTx } from "#server/core/db/with-tx.ts";

export type Db = PrismaClient;
/** What a use case receives inside a transaction. */
export type Tx = Prisma.TransactionClient;
export type { Prisma } from "#server/core/db/generated/client.ts";

/** Its errors tell what is wrong, not the values that a query held. */
export function createDb(pool: Pool): Db {
  return new PrismaClient({ adapter: new PrismaPg(pool), errorFormat: "minimal" });
}
