-- CreateTable
CREATE TABLE "model_call" (
    "id" TEXT NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "principal_id" TEXT NOT NULL,
    "subject" TEXT NOT NULL,
    "role" TEXT NOT NULL,
    "channel" TEXT NOT NULL,
    "run_id" TEXT,
    "request_id" TEXT NOT NULL,
    "asked" TEXT NOT NULL,
    "model" TEXT NOT NULL,
    "path" TEXT NOT NULL,
    "ending" TEXT NOT NULL,
    "status" INTEGER,
    "input_tokens" BIGINT NOT NULL,
    "output_tokens" BIGINT NOT NULL,
    "estimated" BOOLEAN NOT NULL,
    "cost_nano" BIGINT,
    "wall_ms" INTEGER NOT NULL,

    CONSTRAINT "model_call_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "model_budget" (
    "key" TEXT NOT NULL,
    "period_start" TIMESTAMPTZ(3) NOT NULL,
    "ends_at" TIMESTAMPTZ(3) NOT NULL,
    "used_tokens" BIGINT NOT NULL DEFAULT 0,
    "used_cost_nano" BIGINT NOT NULL DEFAULT 0,
    "reserved_tokens" BIGINT NOT NULL DEFAULT 0,
    "reserved_nano" BIGINT NOT NULL DEFAULT 0,

    CONSTRAINT "model_budget_pkey" PRIMARY KEY ("key","period_start")
);

-- CreateTable
CREATE TABLE "model_reservation" (
    "call_id" TEXT NOT NULL,
    "key" TEXT NOT NULL,
    "period_start" TIMESTAMPTZ(3) NOT NULL,
    "tokens" BIGINT NOT NULL,
    "cost_nano" BIGINT NOT NULL,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "model_reservation_pkey" PRIMARY KEY ("call_id","key")
);

-- CreateIndex
CREATE INDEX "model_call_at_id_idx" ON "model_call"("at" DESC, "id" DESC);

-- CreateIndex
CREATE INDEX "model_reservation_expires_at_idx" ON "model_reservation"("expires_at");

-- A call is written once and not changed; retention removes it.
GRANT SELECT, INSERT, DELETE ON model_call TO openclaw_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON model_budget, model_reservation TO openclaw_app;
