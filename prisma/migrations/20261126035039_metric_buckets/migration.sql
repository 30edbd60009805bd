-- CreateTable
CREATE TABLE "metric_bucket" (
    "metric" TEXT NOT NULL,
    "subject" TEXT NOT NULL,
    "seconds" INTEGER NOT NULL,
    "at" TIMESTAMPTZ(0) NOT NULL,
    "count" BIGINT NOT NULL,
    "sum" DOUBLE PRECISION NOT NULL,
    "max" DOUBLE PRECISION NOT NULL,

    CONSTRAINT "metric_bucket_pkey" PRIMARY KEY ("metric","subject","seconds","at")
);

-- CreateIndex
CREATE INDEX "metric_bucket_seconds_at_idx" ON "metric_bucket"("seconds", "at");
GRANT SELECT, INSERT, UPDATE, DELETE ON metric_bucket TO openclaw_app, openclaw_sealer, openclaw_worker;
