-- CreateTable
CREATE TABLE "user_factor" (
    "user_id" TEXT NOT NULL,
    "seed" TEXT,
    "pending_seed" TEXT,
    "last_step" BIGINT,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "user_factor_pkey" PRIMARY KEY ("user_id")
);

-- CreateTable
CREATE TABLE "held_message" (
    "channel" TEXT NOT NULL,
    "sender_id" TEXT NOT NULL,
    "conversation_id" TEXT NOT NULL,
    "thread_id" TEXT NOT NULL DEFAULT '',
    "id" TEXT NOT NULL,
    "user_id" TEXT NOT NULL,
    "command" TEXT NOT NULL,
    "body" BYTEA NOT NULL,
    "sha256" BYTEA NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "held_message_pkey" PRIMARY KEY ("channel","sender_id","conversation_id","thread_id")
);

-- CreateTable
CREATE TABLE "sender_proof" (
    "channel" TEXT NOT NULL,
    "sender_id" TEXT NOT NULL,
    "user_id" TEXT NOT NULL,
    "proven_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "sender_proof_pkey" PRIMARY KEY ("channel","sender_id")
);

-- CreateTable
CREATE TABLE "run_approval" (
    "id" TEXT NOT NULL,
    "state" TEXT NOT NULL DEFAULT 'pending',
    "reason" TEXT,
    "content" BYTEA NOT NULL,
    "sha256" BYTEA NOT NULL,
    "profile" TEXT NOT NULL,
    "agent" TEXT,
    "language" TEXT NOT NULL,
    "principal" JSONB NOT NULL,
    "principal_id" TEXT NOT NULL,
    "idempotency_key" TEXT,
    "user_id" TEXT,
    "channel" TEXT NOT NULL,
    "conversation" JSONB,
    "request_id" TEXT NOT NULL,
    "run_id" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,
    "decided_by" TEXT,
    "decided_at" TIMESTAMPTZ(3),

    CONSTRAINT "run_approval_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "held_message_id_key" ON "held_message"("id");

-- CreateIndex
CREATE INDEX "held_message_expires_at_idx" ON "held_message"("expires_at");

-- CreateIndex
CREATE INDEX "sender_proof_user_id_idx" ON "sender_proof"("user_id");

-- CreateIndex
CREATE INDEX "run_approval_state_created_at_idx" ON "run_approval"("state", "created_at");

-- CreateIndex
CREATE UNIQUE INDEX "run_approval_principal_id_idempotency_key_key" ON "run_approval"("principal_id", "idempotency_key");

ALTER TABLE run_approval
  ADD CONSTRAINT run_approval_state CHECK (state IN ('pending', 'approved', 'refused', 'expired', 'started', 'failed'));

GRANT SELECT, INSERT, UPDATE, DELETE ON user_factor, held_message, sender_proof, run_approval TO openclaw_app;

-- The server starts what was approved, by whatever process.
CREATE FUNCTION announce_approval() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('openclaw_approval', NEW.id);
  RETURN NULL;
END
$$;
CREATE TRIGGER announce_approval AFTER UPDATE OF state ON run_approval FOR EACH ROW
  WHEN (NEW.state = 'approved' AND OLD.state <> 'approved') EXECUTE FUNCTION announce_approval();
