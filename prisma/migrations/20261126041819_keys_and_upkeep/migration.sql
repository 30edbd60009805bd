-- CreateTable
CREATE TABLE "tracked_key" (
    "id" TEXT NOT NULL,
    "owner" TEXT NOT NULL,
    "source" TEXT NOT NULL,
    "path" TEXT NOT NULL,
    "fingerprint" TEXT,
    "first_seen" TIMESTAMPTZ(3) NOT NULL,
    "rotated_at" TIMESTAMPTZ(3) NOT NULL,
    "checked_at" TIMESTAMPTZ(3) NOT NULL,
    "removed_at" TIMESTAMPTZ(3),

    CONSTRAINT "tracked_key_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "key_rotation" (
    "id" TEXT NOT NULL,
    "key_id" TEXT NOT NULL,
    "how" TEXT NOT NULL,
    "state" TEXT NOT NULL,
    "old_fingerprint" TEXT,
    "new_fingerprint" TEXT,
    "old_sealed" BYTEA,
    "new_sealed" BYTEA,
    "test" TEXT NOT NULL,
    "grace_until" TIMESTAMPTZ(3),
    "grace_ended_at" TIMESTAMPTZ(3),
    "actor_type" TEXT NOT NULL,
    "actor_id" TEXT NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "key_rotation_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "key_notice" (
    "key_id" TEXT NOT NULL,
    "cycle" TIMESTAMPTZ(3) NOT NULL,
    "kind" TEXT NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "key_notice_pkey" PRIMARY KEY ("key_id","cycle","kind")
);

-- CreateTable
CREATE TABLE "vulnerability_check" (
    "id" TEXT NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "verdict" TEXT NOT NULL,
    "report" JSONB NOT NULL,

    CONSTRAINT "vulnerability_check_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "maintenance_notice" (
    "item" TEXT NOT NULL,
    "cycle" TIMESTAMPTZ(3) NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "maintenance_notice_pkey" PRIMARY KEY ("item","cycle")
);

-- CreateIndex
CREATE INDEX "key_rotation_key_id_at_idx" ON "key_rotation"("key_id", "at" DESC);

-- CreateIndex
CREATE INDEX "vulnerability_check_at_idx" ON "vulnerability_check"("at" DESC);

ALTER TABLE tracked_key
  ADD CONSTRAINT tracked_key_owner CHECK (owner IN ('file', 'database')),
  ADD CONSTRAINT tracked_key_source CHECK (source IN ('plain', 'environment', 'encrypted', 'database'));
ALTER TABLE key_rotation
  ADD CONSTRAINT key_rotation_how CHECK (how IN ('rotated', 'seen', 'undone')),
  ADD CONSTRAINT key_rotation_state CHECK (state IN ('prepared', 'done', 'undone', 'failed')),
  ADD CONSTRAINT key_rotation_test CHECK (test IN ('passed', 'skipped', 'none')),
  -- The value before is kept for the time of grace and no longer.
  ADD CONSTRAINT key_rotation_forgotten CHECK (grace_ended_at IS NULL OR old_sealed IS NULL),
  ADD CONSTRAINT key_rotation_in_place CHECK (state = 'prepared' OR new_sealed IS NULL);
-- One change of a key at a time.
CREATE UNIQUE INDEX key_rotation_prepared ON key_rotation (key_id) WHERE state = 'prepared';
ALTER TABLE key_notice ADD CONSTRAINT key_notice_kind CHECK (kind IN ('due', 'overdue'));
ALTER TABLE vulnerability_check
  ADD CONSTRAINT vulnerability_check_verdict CHECK (verdict IN ('clear', 'vulnerable', 'partial', 'unknown'));

GRANT SELECT, INSERT, UPDATE ON tracked_key, key_rotation TO openclaw_app;
GRANT SELECT, INSERT ON key_notice, maintenance_notice TO openclaw_app;
GRANT SELECT, INSERT, DELETE ON vulnerability_check TO openclaw_app;
