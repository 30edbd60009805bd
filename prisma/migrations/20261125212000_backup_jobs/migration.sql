-- CreateTable
CREATE TABLE "backup_job" (
    "id" TEXT NOT NULL,
    "place" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "name" TEXT,
    "state" TEXT NOT NULL DEFAULT 'queued',
    "progress" TEXT,
    "outcome" JSONB,
    "message" TEXT,
    "requested_type" TEXT NOT NULL,
    "requested_by" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "started_at" TIMESTAMPTZ(3),
    "finished_at" TIMESTAMPTZ(3),

    CONSTRAINT "backup_job_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "backup_job_place_created_at_idx" ON "backup_job"("place", "created_at" DESC);

ALTER TABLE backup_job
  ADD CONSTRAINT backup_job_state CHECK (state IN ('queued', 'running', 'succeeded', 'failed')),
  ADD CONSTRAINT backup_job_kind CHECK (kind IN ('create_config', 'create_full', 'verify', 'plan'));

-- The web process asks; what comes of it is written by the supervisor, who owns the table.
GRANT SELECT, INSERT (id, place, kind, name, requested_type, requested_by, created_at) ON backup_job TO openclaw_app;
