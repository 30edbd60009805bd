-- CreateTable
CREATE TABLE "quarantined_file" (
    "id" TEXT NOT NULL,
    "state" TEXT NOT NULL DEFAULT 'storing',
    "name" TEXT NOT NULL,
    "path" TEXT,
    "size_bytes" BIGINT NOT NULL,
    "sha256" BYTEA NOT NULL,
    "findings" JSONB NOT NULL,
    "run_id" TEXT,
    "user_id" TEXT,
    "channel" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "stored_at" TIMESTAMPTZ(3),
    "ended_at" TIMESTAMPTZ(3),
    "ended_by" TEXT,

    CONSTRAINT "quarantined_file_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "quarantined_file_created_at_idx" ON "quarantined_file"("created_at" DESC);

ALTER TABLE quarantined_file ADD CONSTRAINT quarantined_file_state
  CHECK (state IN ('storing', 'stored', 'restored', 'deleted', 'failed'));

-- What was found about a file never changes, and no row is removed.
GRANT SELECT, INSERT, UPDATE (state, stored_at, ended_at, ended_by) ON quarantined_file TO openclaw_app, openclaw_worker;
