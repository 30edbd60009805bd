-- CreateTable
CREATE TABLE "security_scan" (
    "id" TEXT NOT NULL,
    "place" TEXT NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "trigger" TEXT NOT NULL,
    "requested_by" TEXT NOT NULL,
    "score" INTEGER NOT NULL,
    "grade" TEXT NOT NULL,
    "complete" BOOLEAN NOT NULL,
    "checks_run" INTEGER NOT NULL,
    "duration_ms" INTEGER NOT NULL,
    "critical" INTEGER NOT NULL,
    "warn" INTEGER NOT NULL,
    "info" INTEGER NOT NULL,
    "suppressed" INTEGER NOT NULL,
    "fresh" INTEGER NOT NULL,
    "fresh_critical" INTEGER NOT NULL,
    "resolved" INTEGER NOT NULL,
    "not_checked" JSONB NOT NULL,

    CONSTRAINT "security_scan_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "security_finding" (
    "scan_id" TEXT NOT NULL,
    "fingerprint" TEXT NOT NULL,
    "severity" TEXT NOT NULL,
    "is_new" BOOLEAN NOT NULL,
    "suppression" JSONB,
    "finding" JSONB NOT NULL,

    CONSTRAINT "security_finding_pkey" PRIMARY KEY ("scan_id","fingerprint")
);

-- CreateTable
CREATE TABLE "scan_suppression" (
    "id" TEXT NOT NULL,
    "check_id" TEXT NOT NULL,
    "match" TEXT,
    "reason" TEXT NOT NULL,
    "until" TIMESTAMPTZ(3) NOT NULL,
    "created_by" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "ended_at" TIMESTAMPTZ(3),

    CONSTRAINT "scan_suppression_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "security_scan_place_at_idx" ON "security_scan"("place", "at" DESC);

-- CreateIndex
CREATE INDEX "scan_suppression_check_id_idx" ON "scan_suppression"("check_id");

-- AddForeignKey
ALTER TABLE "security_finding" ADD CONSTRAINT "security_finding_scan_id_fkey" FOREIGN KEY ("scan_id") REFERENCES "security_scan"("id") ON DELETE CASCADE ON UPDATE CASCADE;

ALTER TABLE security_scan
  ADD CONSTRAINT security_scan_trigger CHECK (trigger IN ('schedule', 'console', 'cli')),
  ADD CONSTRAINT security_scan_score CHECK (score BETWEEN 0 AND 100),
  ADD CONSTRAINT security_scan_grade CHECK (grade IN ('A', 'B', 'C', 'D', 'F'));
ALTER TABLE security_finding
  ADD CONSTRAINT security_finding_severity CHECK (severity IN ('critical', 'warn', 'info'));
ALTER TABLE scan_suppression
  ADD CONSTRAINT scan_suppression_reason CHECK (length(reason) BETWEEN 1 AND 500),
  ADD CONSTRAINT scan_suppression_time CHECK (until > created_at);

-- A suppression is never rewritten, only ended: who accepted what, and why, stays as it was.
GRANT SELECT, INSERT, DELETE ON security_scan, security_finding TO openclaw_app;
GRANT SELECT, INSERT, UPDATE (ended_at) ON scan_suppression TO openclaw_app;
