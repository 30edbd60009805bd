-- CreateTable
CREATE TABLE "audit_tally" (
    "hour" TIMESTAMPTZ(0) NOT NULL,
    "event" TEXT NOT NULL,
    "outcome" TEXT NOT NULL,
    "count" BIGINT NOT NULL,
    "min_seq" BIGINT NOT NULL,
    "max_seq" BIGINT NOT NULL,

    CONSTRAINT "audit_tally_pkey" PRIMARY KEY ("hour","event","outcome")
);

-- CreateTable
CREATE TABLE "audit_checkpoint" (
    "seq" BIGINT NOT NULL,
    "note" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "audit_checkpoint_pkey" PRIMARY KEY ("seq")
);

-- CreateTable
CREATE TABLE "audit_anchor" (
    "target" TEXT NOT NULL,
    "seq" BIGINT NOT NULL,
    "delivered_at" TIMESTAMPTZ(3),
    "failures" INTEGER NOT NULL DEFAULT 0,
    "last_error" TEXT,

    CONSTRAINT "audit_anchor_pkey" PRIMARY KEY ("target")
);

-- CreateTable
CREATE TABLE "audit_removal" (
    "to_seq" BIGINT NOT NULL,
    "note" TEXT NOT NULL,
    "removed_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "audit_removal_pkey" PRIMARY KEY ("to_seq")
);

-- DropIndex
DROP INDEX "audit_event_at_idx";

-- DropIndex
DROP INDEX "audit_event_event_at_idx";

-- DropIndex
DROP INDEX "audit_event_kind_at_idx";

-- CreateIndex
CREATE INDEX "audit_event_event_seq_idx" ON "audit_event"("event", "seq");

-- CreateIndex
CREATE INDEX "audit_event_kind_seq_idx" ON "audit_event"("kind", "seq");

-- CreateIndex
CREATE INDEX "audit_event_actor_id_seq_idx" ON "audit_event"("actor_id", "seq");

-- CreateIndex
CREATE INDEX "audit_event_actor_type_seq_idx" ON "audit_event"("actor_type", "seq");

-- CreateIndex
CREATE INDEX "audit_event_user_id_seq_idx" ON "audit_event"("user_id", "seq");

-- CreateIndex
CREATE INDEX "audit_event_channel_seq_idx" ON "audit_event"("channel", "seq");

-- CreateIndex
CREATE INDEX "audit_event_target_seq_idx" ON "audit_event"("target", "seq");

-- Few events are grave, and few end other than well: readers who look for them find them without walking over the rest.
CREATE INDEX audit_event_not_info ON audit_event (seq) WHERE severity <> 'info';
CREATE INDEX audit_event_grave ON audit_event (seq) WHERE severity IN ('error', 'critical');
CREATE INDEX audit_event_not_ok ON audit_event (outcome, seq) WHERE outcome <> 'ok';

INSERT INTO audit_tally (hour, event, outcome, count, min_seq, max_seq)
SELECT date_trunc('hour', at, 'UTC'), event, outcome, count(*), min(seq), max(seq) FROM audit_event WHERE isfinite(at) GROUP BY 1, 2, 3;

GRANT SELECT, INSERT, UPDATE ON audit_tally TO openclaw_sealer;
GRANT SELECT, INSERT ON audit_checkpoint, audit_removal TO openclaw_sealer;
GRANT SELECT ON audit_tally, audit_checkpoint, audit_removal TO openclaw_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON audit_anchor TO openclaw_app;

CREATE TRIGGER audit_checkpoint_keep BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_checkpoint
  FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_change();
CREATE TRIGGER audit_removal_keep BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_removal
  FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_change();

-- Rows leave the record in one way only: from its beginning, covered by a checkpoint, with a signed removal in their place.
-- No role but the owner may delete; the function below does it for the sealer, and the trigger lets through nothing else.
CREATE FUNCTION audit_refuse_loss() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' AND coalesce(current_setting('openclaw.audit_removal', true), '') = 'on' THEN
    RETURN NULL;
  END IF;
  RAISE EXCEPTION '% keeps what it was given: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'integrity_constraint_violation';
END
$$;
DROP TRIGGER audit_event_keep ON audit_event;
CREATE TRIGGER audit_event_keep BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_event
  FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_loss();

-- Removes all rows up to the newest removal's. Returns how many that were.
CREATE FUNCTION audit_remove() RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = public, pg_temp SET timezone = 'UTC' AS $$
DECLARE
  upto bigint := (SELECT max(to_seq) FROM audit_removal);
  removed bigint;
BEGIN
  IF upto IS NULL OR upto > (SELECT coalesce(max(seq), 0) FROM audit_checkpoint) THEN
    RAISE EXCEPTION 'rows up to % are not covered by a checkpoint: nothing is removed', upto
      USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  PERFORM set_config('openclaw.audit_removal', 'on', true);
  WITH deleted AS (
    DELETE FROM audit_event WHERE seq <= upto RETURNING at, event, outcome
  ), counted AS (
    SELECT date_trunc('hour', at) AS hour, event, outcome, count(*) AS n FROM deleted WHERE isfinite(at) GROUP BY 1, 2, 3
  ), lowered AS (
    UPDATE audit_tally AS tally SET count = tally.count - counted.n FROM counted
    WHERE tally.hour = counted.hour AND tally.event = counted.event AND tally.outcome = counted.outcome
  )
  SELECT count(*) INTO removed FROM deleted;
  PERFORM set_config('openclaw.audit_removal', 'off', true);
  DELETE FROM audit_tally WHERE count <= 0;
  RETURN removed;
END
$$;
REVOKE ALL ON FUNCTION audit_remove() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION audit_remove() TO openclaw_sealer;
