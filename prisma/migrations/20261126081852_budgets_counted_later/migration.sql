-- It has held the id of a lease, not of a call, since leases are held by processes.
ALTER TABLE "model_reservation" RENAME COLUMN "call_id" TO "lease_id";

-- CreateTable
CREATE TABLE "model_uncounted" (
    "id" BIGINT NOT NULL GENERATED ALWAYS AS IDENTITY,
    "uses" TEXT NOT NULL,

    CONSTRAINT "model_uncounted_pkey" PRIMARY KEY ("id")
);

-- To lock rows takes a right to update; that of a column which is always generated lets nobody change anything.
GRANT SELECT, INSERT (uses), UPDATE (id), DELETE ON model_uncounted TO openclaw_app;
