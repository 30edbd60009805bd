-- What the tables alone do not say: who may do what, what can never change, and which changes are announced.

-- 1. One role per process. Roles belong to the whole cluster, so another database may have made them already, or be making them now.
DO $$
DECLARE
  wanted text;
BEGIN
  FOREACH wanted IN ARRAY ARRAY['openclaw_app', 'openclaw_worker', 'openclaw_sealer'] LOOP
    IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = wanted) THEN
      BEGIN
        EXECUTE format('CREATE ROLE %I NOLOGIN', wanted);
      EXCEPTION WHEN duplicate_object OR unique_violation THEN
        NULL;
      END;
    END IF;
  END LOOP;
END
$$;

REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO openclaw_app, openclaw_worker, openclaw_sealer;

-- 2. The web process.
GRANT SELECT, INSERT, UPDATE, DELETE ON role, gateway_user, channel_policy, token, setup_link, console_session TO openclaw_app;
GRANT SELECT, INSERT, UPDATE (cancel_requested_at, cancel_requested_by) ON run TO openclaw_app;
GRANT SELECT, INSERT ON run_event TO openclaw_app;
GRANT SELECT ON worker_node, audit_event TO openclaw_app;

-- 3. The sandbox worker.
GRANT SELECT, UPDATE ON run TO openclaw_worker;
GRANT SELECT, INSERT ON run_event TO openclaw_worker;
GRANT SELECT, INSERT, UPDATE, DELETE ON worker_node TO openclaw_worker;

-- 4. The record: writers hand in batches they can neither read again nor change; only the sealer takes them out, and only it adds sealed rows.
GRANT INSERT (events), SELECT (id) ON audit_intake TO openclaw_app, openclaw_worker;
GRANT SELECT, DELETE ON audit_intake TO openclaw_sealer;
GRANT SELECT, INSERT ON audit_event TO openclaw_sealer;

-- The sealer parses whatever a writer was allowed to store, in one piece: what fits must be cheap to read.
ALTER TABLE audit_intake ADD CONSTRAINT audit_intake_bounded CHECK (octet_length(events) <= 4 * 1024 * 1024);

CREATE FUNCTION audit_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% keeps what it was given: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'integrity_constraint_violation';
END
$$;
CREATE TRIGGER audit_intake_keep BEFORE UPDATE OR TRUNCATE ON audit_intake
  FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_change();
CREATE TRIGGER audit_event_keep BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_event
  FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_change();

CREATE FUNCTION announce_audit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('openclaw_audit', '');
  RETURN NULL;
END
$$;
CREATE TRIGGER announce_audit AFTER INSERT ON audit_event FOR EACH STATEMENT EXECUTE FUNCTION announce_audit();

-- 5. Runs: known states only, and an end is an end.
ALTER TABLE run ADD CONSTRAINT run_state_known CHECK (state IN ('queued', 'running', 'succeeded', 'failed', 'cancelled'));

CREATE FUNCTION run_keep_final_state() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'run % has ended as % and cannot become %', OLD.id, OLD.state, NEW.state
    USING ERRCODE = 'integrity_constraint_violation';
END
$$;
CREATE TRIGGER run_keep_final_state BEFORE UPDATE OF state ON run FOR EACH ROW
  WHEN (OLD.state IN ('succeeded', 'failed', 'cancelled') AND NEW.state IS DISTINCT FROM OLD.state)
  EXECUTE FUNCTION run_keep_final_state();

CREATE FUNCTION announce_run_event() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('openclaw_run', json_build_object('runId', NEW.run_id, 'seq', NEW.seq, 'kind', NEW.kind)::text);
  RETURN NULL;
END
$$;
CREATE TRIGGER announce_run_event AFTER INSERT ON run_event FOR EACH ROW EXECUTE FUNCTION announce_run_event();

-- Announces the id of the row on the channel named by the trigger's argument.
CREATE FUNCTION announce_run() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify(TG_ARGV[0], NEW.id);
  RETURN NULL;
END
$$;
CREATE TRIGGER announce_run_queued AFTER INSERT ON run FOR EACH ROW
  WHEN (NEW.state = 'queued') EXECUTE FUNCTION announce_run('openclaw_run_queued');
CREATE TRIGGER announce_run_requeued AFTER UPDATE OF state ON run FOR EACH ROW
  WHEN (NEW.state = 'queued' AND OLD.state <> 'queued') EXECUTE FUNCTION announce_run('openclaw_run_queued');
CREATE TRIGGER announce_run_cancel AFTER UPDATE OF cancel_requested_at ON run FOR EACH ROW
  WHEN (OLD.cancel_requested_at IS NULL AND NEW.cancel_requested_at IS NOT NULL) EXECUTE FUNCTION announce_run('openclaw_run_cancel');

-- 6. Policy: every process keeps a copy in memory and hears about changes. The trigger's argument is the key column.
CREATE FUNCTION announce_policy() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  changed jsonb := CASE TG_OP WHEN 'DELETE' THEN to_jsonb(OLD) ELSE to_jsonb(NEW) END;
BEGIN
  PERFORM pg_notify(
    'openclaw_policy',
    json_build_object('table', TG_TABLE_NAME, 'id', changed ->> TG_ARGV[0], 'op', lower(TG_OP))::text
  );
  RETURN NULL;
END
$$;
CREATE TRIGGER announce_policy AFTER INSERT OR UPDATE OR DELETE ON role FOR EACH ROW EXECUTE FUNCTION announce_policy('name');
CREATE TRIGGER announce_policy AFTER INSERT OR UPDATE OR DELETE ON gateway_user FOR EACH ROW EXECUTE FUNCTION announce_policy('id');
CREATE TRIGGER announce_policy AFTER INSERT OR UPDATE OR DELETE ON channel_policy FOR EACH ROW EXECUTE FUNCTION announce_policy('channel');
CREATE TRIGGER announce_policy AFTER INSERT OR DELETE ON token FOR EACH ROW EXECUTE FUNCTION announce_policy('id');
-- "Last used" changes all the time and decides nothing.
CREATE TRIGGER announce_policy_change AFTER UPDATE ON token FOR EACH ROW
  WHEN (to_jsonb(OLD) - 'last_used_at' - 'last_used_address' IS DISTINCT FROM to_jsonb(NEW) - 'last_used_at' - 'last_used_address')
  EXECUTE FUNCTION announce_policy('id');

-- 7. The three roles every installation starts with.
INSERT INTO role (name, permissions, channels, commands, builtin) VALUES
  ('admin', ARRAY['*'], ARRAY['*'], ARRAY['*'], true),
  ('user', ARRAY['read', 'write'], ARRAY['whatsapp', 'telegram'], ARRAY['help', 'status', 'ask'], true),
  ('readonly', ARRAY['read'], ARRAY['*'], ARRAY['help', 'status'], true)
ON CONFLICT (name) DO NOTHING;
