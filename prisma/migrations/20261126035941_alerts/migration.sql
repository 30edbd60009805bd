-- CreateTable
CREATE TABLE "alert_rule" (
    "id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "description" TEXT NOT NULL,
    "builtin" TEXT,
    "condition" JSONB NOT NULL,
    "severity" TEXT NOT NULL,
    "for_ms" INTEGER NOT NULL,
    "keep_firing_ms" INTEGER NOT NULL,
    "remind_ms" INTEGER,
    "no_data" TEXT NOT NULL,
    "grouping" TEXT NOT NULL,
    "contact_points" TEXT[],
    "paused" BOOLEAN NOT NULL DEFAULT false,
    "version" INTEGER NOT NULL DEFAULT 1,
    "health" TEXT,
    "evaluated_at" TIMESTAMPTZ(3),
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_by" TEXT NOT NULL,

    CONSTRAINT "alert_rule_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "alert" (
    "id" TEXT NOT NULL,
    "rule_id" TEXT NOT NULL,
    "rule_name" TEXT NOT NULL,
    "subject" TEXT NOT NULL,
    "severity" TEXT NOT NULL,
    "state" TEXT NOT NULL,
    "value" DOUBLE PRECISION,
    "summary" TEXT NOT NULL,
    "first_seq" BIGINT,
    "last_seq" BIGINT,
    "started_at" TIMESTAMPTZ(3) NOT NULL,
    "fired_at" TIMESTAMPTZ(3),
    "clear_since" TIMESTAMPTZ(3),
    "resolved_at" TIMESTAMPTZ(3),
    "notified_at" TIMESTAMPTZ(3),
    "silenced_by" TEXT,
    "flaps" INTEGER NOT NULL DEFAULT 0,
    "acknowledged_at" TIMESTAMPTZ(3),
    "acknowledged_by" TEXT,

    CONSTRAINT "alert_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "alert_match" (
    "rule_id" TEXT NOT NULL,
    "subject" TEXT NOT NULL,
    "at" TIMESTAMPTZ(0) NOT NULL,
    "count" BIGINT NOT NULL,
    "first_seq" BIGINT NOT NULL,
    "last_seq" BIGINT NOT NULL,

    CONSTRAINT "alert_match_pkey" PRIMARY KEY ("rule_id","subject","at")
);

-- CreateTable
CREATE TABLE "alert_cursor" (
    "id" INTEGER NOT NULL,
    "seq" BIGINT NOT NULL,
    "measured_at" TIMESTAMPTZ(3),

    CONSTRAINT "alert_cursor_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "contact_point" (
    "id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "type" TEXT NOT NULL,
    "source" TEXT NOT NULL,
    "settings" JSONB NOT NULL,
    "secrets" BYTEA NOT NULL,
    "rotation_ends_at" TIMESTAMPTZ(3),
    "secret_shown_at" TIMESTAMPTZ(3),
    "receives_all" BOOLEAN NOT NULL,
    "enabled" BOOLEAN NOT NULL DEFAULT true,
    "disabled_reason" TEXT,
    "version" INTEGER NOT NULL DEFAULT 1,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "contact_point_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "alert_notice" (
    "id" BIGSERIAL NOT NULL,
    "alert_id" TEXT NOT NULL,
    "point_id" TEXT NOT NULL,
    "group_key" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "delivery_id" TEXT,

    CONSTRAINT "alert_notice_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "alert_delivery" (
    "id" TEXT NOT NULL,
    "point_id" TEXT NOT NULL,
    "point_name" TEXT NOT NULL,
    "group_key" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "content" JSONB NOT NULL,
    "state" TEXT NOT NULL DEFAULT 'waiting',
    "reason" TEXT,
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "settled" TEXT[] DEFAULT ARRAY[]::TEXT[],
    "next_attempt_at" TIMESTAMPTZ(3) NOT NULL,
    "worker_id" TEXT,
    "leased_until" TIMESTAMPTZ(3),
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "finished_at" TIMESTAMPTZ(3),

    CONSTRAINT "alert_delivery_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "alert_attempt" (
    "delivery_id" TEXT NOT NULL,
    "number" INTEGER NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "duration_ms" INTEGER NOT NULL,
    "outcome" TEXT NOT NULL,
    "status" INTEGER,
    "response" TEXT NOT NULL,

    CONSTRAINT "alert_attempt_pkey" PRIMARY KEY ("delivery_id","number")
);

-- CreateTable
CREATE TABLE "alert_silence" (
    "id" TEXT NOT NULL,
    "matchers" JSONB NOT NULL,
    "comment" TEXT NOT NULL,
    "starts_at" TIMESTAMPTZ(3) NOT NULL,
    "ends_at" TIMESTAMPTZ(3) NOT NULL,
    "created_by" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "ended_by" TEXT,

    CONSTRAINT "alert_silence_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "alert_rule_name_key" ON "alert_rule"("name");

-- CreateIndex
CREATE UNIQUE INDEX "alert_rule_builtin_key" ON "alert_rule"("builtin");

-- CreateIndex
CREATE INDEX "alert_rule_id_started_at_idx" ON "alert"("rule_id", "started_at" DESC);

-- CreateIndex
CREATE INDEX "alert_started_at_id_idx" ON "alert"("started_at" DESC, "id");

-- CreateIndex
CREATE UNIQUE INDEX "contact_point_name_key" ON "contact_point"("name");

-- CreateIndex
CREATE INDEX "alert_notice_delivery_id_idx" ON "alert_notice"("delivery_id");

-- CreateIndex
CREATE INDEX "alert_delivery_state_next_attempt_at_idx" ON "alert_delivery"("state", "next_attempt_at");

-- CreateIndex
CREATE INDEX "alert_delivery_point_id_group_key_created_at_idx" ON "alert_delivery"("point_id", "group_key", "created_at");

-- CreateIndex
CREATE INDEX "alert_silence_ends_at_idx" ON "alert_silence"("ends_at");

-- AddForeignKey
ALTER TABLE "alert_attempt" ADD CONSTRAINT "alert_attempt_delivery_id_fkey" FOREIGN KEY ("delivery_id") REFERENCES "alert_delivery"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- One episode of a rule and a subject at a time, whoever evaluates.
CREATE UNIQUE INDEX alert_open ON alert (rule_id, subject) WHERE state <> 'resolved';
CREATE INDEX alert_notice_waiting ON alert_notice (point_id, group_key) WHERE delivery_id IS NULL;
CREATE UNIQUE INDEX alert_rule_name_case ON alert_rule (lower(name));
CREATE UNIQUE INDEX contact_point_name_case ON contact_point (lower(name));

ALTER TABLE alert_rule
  ADD CONSTRAINT alert_rule_severity CHECK (severity IN ('warn', 'error', 'critical')),
  ADD CONSTRAINT alert_rule_no_data CHECK (no_data IN ('ok', 'alert', 'keep')),
  ADD CONSTRAINT alert_rule_grouping CHECK (grouping IN ('rule', 'subject')),
  ADD CONSTRAINT alert_rule_health CHECK (health IN ('ok', 'no_data', 'failed'));
ALTER TABLE alert
  ADD CONSTRAINT alert_state CHECK (state IN ('pending', 'firing', 'recovering', 'resolved')),
  ADD CONSTRAINT alert_resolved CHECK ((state = 'resolved') = (resolved_at IS NOT NULL));
ALTER TABLE alert_cursor ADD CONSTRAINT alert_cursor_one CHECK (id = 1);
ALTER TABLE contact_point
  ADD CONSTRAINT contact_point_type CHECK (type IN ('email', 'webhook')),
  ADD CONSTRAINT contact_point_source CHECK (source IN ('file', 'database'));
ALTER TABLE alert_notice ADD CONSTRAINT alert_notice_kind CHECK (kind IN ('fired', 'reminded', 'resolved'));
ALTER TABLE alert_delivery
  ADD CONSTRAINT alert_delivery_kind CHECK (kind IN ('alerts', 'test')),
  ADD CONSTRAINT alert_delivery_state CHECK (state IN ('waiting', 'sent', 'failed'));
ALTER TABLE alert_attempt ADD CONSTRAINT alert_attempt_outcome CHECK (outcome IN ('sent', 'again', 'refused'));
ALTER TABLE alert_silence ADD CONSTRAINT alert_silence_period CHECK (ends_at > starts_at);

GRANT SELECT, INSERT, UPDATE, DELETE ON alert_rule, alert, alert_match, alert_cursor, contact_point, alert_notice, alert_delivery,
  alert_attempt, alert_silence TO openclaw_app;
GRANT USAGE ON SEQUENCE alert_notice_id_seq TO openclaw_app;
