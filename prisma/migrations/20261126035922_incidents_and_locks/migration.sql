-- CreateTable
CREATE TABLE "incident" (
    "id" TEXT NOT NULL,
    "title" TEXT NOT NULL,
    "severity" TEXT NOT NULL,
    "commander" TEXT NOT NULL,
    "drill" BOOLEAN NOT NULL DEFAULT false,
    "subjects" TEXT[] DEFAULT ARRAY[]::TEXT[],
    "plan" TEXT NOT NULL DEFAULT '',
    "opened_by" TEXT NOT NULL,
    "opened_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "closed_by" TEXT,
    "closed_at" TIMESTAMPTZ(3),
    "conclusion" TEXT NOT NULL DEFAULT '',

    CONSTRAINT "incident_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "incident_note" (
    "id" TEXT NOT NULL,
    "incident_id" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "text" TEXT NOT NULL,
    "author" TEXT NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "incident_note_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "incident_lock" (
    "id" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "target" TEXT NOT NULL,
    "message" TEXT NOT NULL,
    "reason" TEXT NOT NULL,
    "drill" BOOLEAN NOT NULL DEFAULT false,
    "incident_id" TEXT,
    "set_by" TEXT NOT NULL,
    "set_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expires_at" TIMESTAMPTZ(3),
    "ended_at" TIMESTAMPTZ(3),
    "ended_by" TEXT,
    "stored" JSONB NOT NULL DEFAULT '{}',

    CONSTRAINT "incident_lock_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "incident_cut" (
    "lock_id" TEXT NOT NULL,
    "instance" TEXT NOT NULL,
    "counts" JSONB NOT NULL,
    "after_ms" INTEGER NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "incident_cut_pkey" PRIMARY KEY ("lock_id","instance")
);

-- CreateTable
CREATE TABLE "incident_told" (
    "lock_id" TEXT NOT NULL,
    "channel" TEXT NOT NULL,
    "sender_id" TEXT NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "incident_told_pkey" PRIMARY KEY ("lock_id","channel","sender_id")
);

-- CreateIndex
CREATE INDEX "incident_opened_at_idx" ON "incident"("opened_at" DESC);

-- CreateIndex
CREATE INDEX "incident_note_incident_id_at_idx" ON "incident_note"("incident_id", "at");

-- CreateIndex
CREATE INDEX "incident_lock_set_at_idx" ON "incident_lock"("set_at" DESC);

-- CreateIndex
CREATE INDEX "incident_lock_incident_id_idx" ON "incident_lock"("incident_id");

-- AddForeignKey
ALTER TABLE "incident_note" ADD CONSTRAINT "incident_note_incident_id_fkey" FOREIGN KEY ("incident_id") REFERENCES "incident"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "incident_lock" ADD CONSTRAINT "incident_lock_incident_id_fkey" FOREIGN KEY ("incident_id") REFERENCES "incident"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "incident_cut" ADD CONSTRAINT "incident_cut_lock_id_fkey" FOREIGN KEY ("lock_id") REFERENCES "incident_lock"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- By hand from here: what can be stored, who may do what, and how every process hears of it.

ALTER TABLE incident
  ADD CONSTRAINT incident_severity CHECK (severity IN ('low', 'medium', 'high', 'critical')),
  ADD CONSTRAINT incident_bounded CHECK (
    length(title) BETWEEN 1 AND 200 AND length(commander) BETWEEN 1 AND 200 AND length(plan) <= 20000 AND length(conclusion) <= 20000
    AND cardinality(subjects) <= 50
  ),
  ADD CONSTRAINT incident_end CHECK ((closed_at IS NULL) = (closed_by IS NULL));
-- One incident is led at a time; an exercise beside it is not one.
CREATE UNIQUE INDEX incident_one_open ON incident (drill) WHERE closed_at IS NULL;

ALTER TABLE incident_note
  ADD CONSTRAINT incident_note_kind CHECK (kind IN ('note', 'question', 'communication')),
  ADD CONSTRAINT incident_note_bounded CHECK (length(text) BETWEEN 1 AND 4000);

ALTER TABLE incident_lock
  ADD CONSTRAINT incident_lock_kind CHECK (kind IN ('user', 'role', 'token', 'channel', 'member', 'everything')),
  ADD CONSTRAINT incident_lock_target CHECK ((kind = 'everything') = (target = '') AND length(target) <= 200),
  ADD CONSTRAINT incident_lock_bounded CHECK (length(message) BETWEEN 1 AND 300 AND length(reason) BETWEEN 1 AND 500),
  ADD CONSTRAINT incident_lock_end CHECK ((ended_at IS NULL) = (ended_by IS NULL));
-- What holds is looked up on every start of a run.
CREATE UNIQUE INDEX incident_lock_one_in_force ON incident_lock (kind, target) WHERE ended_at IS NULL AND NOT drill;

GRANT SELECT, INSERT ON incident, incident_note, incident_lock, incident_cut, incident_told TO openclaw_app;
GRANT UPDATE (title, severity, commander, subjects, plan, conclusion, closed_by, closed_at) ON incident TO openclaw_app;
GRANT UPDATE (ended_at, ended_by, stored, incident_id) ON incident_lock TO openclaw_app;
GRANT SELECT ON incident_lock TO openclaw_worker;

-- A lock that has ended stays so: what was lifted is set anew, with a record of its own.
CREATE FUNCTION incident_lock_keep_end() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'lock % has ended', OLD.id USING ERRCODE = 'integrity_constraint_violation';
END
$$;
CREATE TRIGGER incident_lock_keep_end BEFORE UPDATE OF ended_at ON incident_lock FOR EACH ROW
  WHEN (OLD.ended_at IS NOT NULL) EXECUTE FUNCTION incident_lock_keep_end();

CREATE FUNCTION announce_lock() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('openclaw_lock', NEW.id);
  RETURN NULL;
END
$$;
CREATE TRIGGER announce_lock AFTER INSERT OR UPDATE OF ended_at ON incident_lock FOR EACH ROW EXECUTE FUNCTION announce_lock();

-- Whether a lock is about somebody: the user, role, credential and channel that a run, an approval or a message belongs to.
CREATE FUNCTION lock_matches(lock_kind text, lock_target text, of_user text, of_role text, of_principal text, on_channel text)
  RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT CASE lock_kind
    WHEN 'everything' THEN true
    WHEN 'channel' THEN lock_target = on_channel OR (lock_target = 'api' AND of_principal NOT LIKE 'channel:%')
    WHEN 'token' THEN of_principal = CASE lock_target WHEN 'gateway.token' THEN 'config:gateway.token' ELSE 'token:' || lock_target END
    ELSE coalesce(CASE lock_kind WHEN 'user' THEN lock_target = of_user WHEN 'role' THEN lock_target = of_role END, false)
      OR (lock_kind = 'role' AND lock_target = 'admin' AND of_principal = 'config:gateway.token')
      OR EXISTS (SELECT FROM token WHERE 'token:' || family_id = of_principal
                  AND lock_target = CASE lock_kind WHEN 'role' THEN role_name ELSE owner_id END)
  END
$$;

-- The lock that keeps such a run from starting; null = none. Asked by whoever starts one, so that what was accepted in the moment of
-- the lock does not slip through.
CREATE FUNCTION lock_on_run(of_user text, of_role text, of_principal text, on_channel text) RETURNS text
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT id FROM incident_lock
   WHERE ended_at IS NULL AND NOT drill AND (expires_at IS NULL OR expires_at > now())
     AND lock_matches(kind, target, of_user, of_role, of_principal, on_channel)
   ORDER BY set_at LIMIT 1
$$;
REVOKE EXECUTE ON FUNCTION lock_matches, lock_on_run FROM PUBLIC;
GRANT EXECUTE ON FUNCTION lock_matches TO openclaw_app;
GRANT EXECUTE ON FUNCTION lock_on_run TO openclaw_app, openclaw_worker;
