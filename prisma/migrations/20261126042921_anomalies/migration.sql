-- CreateTable
CREATE TABLE "anomaly" (
    "id" TEXT NOT NULL,
    "metric" TEXT NOT NULL,
    "subject" TEXT NOT NULL,
    "started_at" TIMESTAMPTZ(3) NOT NULL,
    "last_at" TIMESTAMPTZ(3) NOT NULL,
    "ended_at" TIMESTAMPTZ(3),
    "score" DOUBLE PRECISION NOT NULL,
    "value" DOUBLE PRECISION NOT NULL,
    "peak" DOUBLE PRECISION NOT NULL,
    "expected_low" DOUBLE PRECISION NOT NULL,
    "expected_high" DOUBLE PRECISION NOT NULL,
    "reason" TEXT NOT NULL,
    "main_source" TEXT,
    "window_seconds" INTEGER NOT NULL,
    "acknowledged_at" TIMESTAMPTZ(3),
    "acknowledged_by" TEXT,
    "verdict" TEXT,
    "acknowledged_reason" TEXT,

    CONSTRAINT "anomaly_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "anomaly_series" (
    "metric" TEXT NOT NULL,
    "subject" TEXT NOT NULL,
    "window_seconds" INTEGER NOT NULL,
    "up_to" TIMESTAMPTZ(3) NOT NULL,
    "active_at" TIMESTAMPTZ(3) NOT NULL,
    "state" JSONB NOT NULL,

    CONSTRAINT "anomaly_series_pkey" PRIMARY KEY ("metric","subject")
);

-- CreateIndex
CREATE INDEX "anomaly_started_at_idx" ON "anomaly"("started_at" DESC);

-- CreateIndex
CREATE INDEX "anomaly_metric_ended_at_idx" ON "anomaly"("metric", "ended_at");

ALTER TABLE "anomaly"
  ADD CONSTRAINT "anomaly_score_check" CHECK ("score" BETWEEN 0 AND 1),
  ADD CONSTRAINT "anomaly_window_check" CHECK ("window_seconds" > 0),
  ADD CONSTRAINT "anomaly_times_check" CHECK ("last_at" >= "started_at" AND ("ended_at" IS NULL OR "ended_at" >= "started_at")),
  ADD CONSTRAINT "anomaly_verdict_check" CHECK ("verdict" IN ('expected', 'handled')),
  ADD CONSTRAINT "anomaly_acknowledged_check" CHECK (
    ("acknowledged_at" IS NULL) = ("verdict" IS NULL) AND ("acknowledged_at" IS NULL) = ("acknowledged_by" IS NULL)
    AND ("acknowledged_at" IS NULL) = ("acknowledged_reason" IS NULL));

-- One open episode per series: two processes that judge at once cannot both begin it.
CREATE UNIQUE INDEX "anomaly_open_key" ON "anomaly"("metric", "subject") WHERE "ended_at" IS NULL;

GRANT SELECT, INSERT, UPDATE, DELETE ON "anomaly", "anomaly_series" TO openclaw_app;
GRANT SELECT ON "anomaly" TO openclaw_worker, openclaw_sealer;
