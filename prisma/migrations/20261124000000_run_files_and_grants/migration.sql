-- AlterTable
ALTER TABLE "run" ADD COLUMN     "agent" TEXT,
ADD COLUMN     "model" TEXT,
ADD COLUMN     "outputs" TEXT[] DEFAULT ARRAY[]::TEXT[];

-- CreateTable
CREATE TABLE "run_file" (
    "id" TEXT NOT NULL,
    "run_id" TEXT NOT NULL,
    "direction" TEXT NOT NULL,
    "path" TEXT NOT NULL,
    "size_bytes" BIGINT NOT NULL,
    "sha256" BYTEA,
    "content" BYTEA,
    "verdict" TEXT NOT NULL,
    "reason" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "run_file_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "run_grant" (
    "run_id" TEXT NOT NULL,
    "attempt" INTEGER NOT NULL,
    "token_hash" BYTEA NOT NULL,
    "models" TEXT[],
    "max_tokens" BIGINT NOT NULL,
    "used_tokens" BIGINT NOT NULL DEFAULT 0,
    "reserved_tokens" BIGINT NOT NULL DEFAULT 0,
    "calls" INTEGER NOT NULL DEFAULT 0,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "ended_at" TIMESTAMPTZ(3),

    CONSTRAINT "run_grant_pkey" PRIMARY KEY ("run_id")
);

-- CreateIndex
CREATE UNIQUE INDEX "run_file_run_id_direction_path_key" ON "run_file"("run_id", "direction", "path");

-- AddForeignKey
ALTER TABLE "run_file" ADD CONSTRAINT "run_file_run_id_fkey" FOREIGN KEY ("run_id") REFERENCES "run"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "run_grant" ADD CONSTRAINT "run_grant_run_id_fkey" FOREIGN KEY ("run_id") REFERENCES "run"("id") ON DELETE CASCADE ON UPDATE CASCADE;

ALTER TABLE run_file ADD CONSTRAINT run_file_words CHECK (
  direction IN ('input', 'output') AND verdict IN ('stored', 'refused', 'quarantined') AND (content IS NOT NULL) = (verdict = 'stored')
);
-- What came with a run or out of it never changes.
GRANT SELECT, INSERT ON run_file TO openclaw_app, openclaw_worker;

-- The worker gives a run its grant and ends it; the server counts what is used of it.
ALTER TABLE run_grant ADD CONSTRAINT run_grant_counts CHECK (used_tokens >= 0 AND reserved_tokens >= 0 AND calls >= 0);
GRANT SELECT, INSERT, UPDATE ON run_grant TO openclaw_worker;
GRANT SELECT, UPDATE (used_tokens, reserved_tokens, calls) ON run_grant TO openclaw_app;
