-- CreateTable
CREATE TABLE "role" (
    "name" TEXT NOT NULL,
    "permissions" TEXT[],
    "channels" TEXT[],
    "commands" TEXT[],
    "builtin" BOOLEAN NOT NULL DEFAULT false,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "role_pkey" PRIMARY KEY ("name")
);

-- CreateTable
CREATE TABLE "gateway_user" (
    "id" TEXT NOT NULL,
    "role_name" TEXT NOT NULL,
    "channels" TEXT[],
    "max_messages" INTEGER,
    "time_window_ms" BIGINT,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "gateway_user_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "channel_policy" (
    "channel" TEXT NOT NULL,
    "allowed_users" TEXT[],
    "allowed_roles" TEXT[],
    "blocked_users" TEXT[],
    "allowed_commands" TEXT[],
    "blocked_commands" TEXT[],
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "channel_policy_pkey" PRIMARY KEY ("channel")
);

-- CreateTable
CREATE TABLE "audit_intake" (
    "id" BIGINT NOT NULL GENERATED ALWAYS AS IDENTITY,
    "events" TEXT NOT NULL,

    CONSTRAINT "audit_intake_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "audit_event" (
    "seq" BIGINT NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "event" TEXT NOT NULL,
    "code" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "severity" TEXT NOT NULL,
    "outcome" TEXT NOT NULL,
    "actor_type" TEXT NOT NULL,
    "actor_id" TEXT NOT NULL,
    "token_id" TEXT,
    "user_id" TEXT,
    "channel" TEXT,
    "address" TEXT,
    "request_id" TEXT,
    "correlation_id" TEXT,
    "target" TEXT,
    "reason" TEXT,
    "because" TEXT,
    "data" JSONB NOT NULL,
    "hash" BYTEA NOT NULL,

    CONSTRAINT "audit_event_pkey" PRIMARY KEY ("seq")
);

-- CreateTable
CREATE TABLE "setup_link" (
    "id" TEXT NOT NULL,
    "code_hash" BYTEA NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,
    "used_at" TIMESTAMPTZ(3),

    CONSTRAINT "setup_link_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "console_session" (
    "id_hash" BYTEA NOT NULL,
    "subject" TEXT NOT NULL,
    "user_agent" TEXT,
    "address" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "last_seen_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,
    "revoked_at" TIMESTAMPTZ(3),

    CONSTRAINT "console_session_pkey" PRIMARY KEY ("id_hash")
);

-- CreateTable
CREATE TABLE "run" (
    "id" TEXT NOT NULL,
    "state" TEXT NOT NULL DEFAULT 'queued',
    "reason" TEXT,
    "language" TEXT NOT NULL,
    "code" TEXT NOT NULL,
    "profile" TEXT NOT NULL DEFAULT 'default',
    "idempotency_key" TEXT,
    "principal_id" TEXT NOT NULL,
    "token_id" TEXT,
    "user_id" TEXT,
    "role_name" TEXT NOT NULL,
    "channel" TEXT NOT NULL,
    "request_id" TEXT NOT NULL,
    "attempt" INTEGER NOT NULL DEFAULT 0,
    "worker_id" TEXT,
    "container_id" TEXT,
    "image_digest" TEXT,
    "limits" JSONB,
    "exit_code" INTEGER,
    "usage" JSONB,
    "stdout" TEXT NOT NULL DEFAULT '',
    "stderr" TEXT NOT NULL DEFAULT '',
    "output_truncated" BOOLEAN NOT NULL DEFAULT false,
    "message" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "started_at" TIMESTAMPTZ(3),
    "finished_at" TIMESTAMPTZ(3),
    "cancel_requested_at" TIMESTAMPTZ(3),
    "cancel_requested_by" TEXT,

    CONSTRAINT "run_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "run_event" (
    "run_id" TEXT NOT NULL,
    "seq" INTEGER NOT NULL,
    "kind" TEXT NOT NULL,
    "data" JSONB NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "run_event_pkey" PRIMARY KEY ("run_id","seq")
);

-- CreateTable
CREATE TABLE "worker_node" (
    "id" TEXT NOT NULL,
    "host" TEXT NOT NULL,
    "pid" INTEGER NOT NULL,
    "version" TEXT NOT NULL,
    "engine" JSONB NOT NULL,
    "started_at" TIMESTAMPTZ(3) NOT NULL,
    "heartbeat_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "worker_node_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "token" (
    "id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "owner_id" TEXT NOT NULL,
    "role_name" TEXT NOT NULL,
    "user_id" TEXT,
    "scopes" TEXT[],
    "channels" TEXT[],
    "allowed_ips" TEXT[],
    "secret_hash" BYTEA NOT NULL,
    "pepper_id" TEXT NOT NULL,
    "last4" TEXT NOT NULL,
    "family_id" TEXT NOT NULL,
    "successor_id" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expires_at" TIMESTAMPTZ(3),
    "revoked_at" TIMESTAMPTZ(3),
    "revoked_reason" TEXT,
    "last_used_at" TIMESTAMPTZ(3),
    "last_used_address" TEXT,

    CONSTRAINT "token_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "audit_event_at_idx" ON "audit_event"("at");

-- CreateIndex
CREATE INDEX "audit_event_event_at_idx" ON "audit_event"("event", "at");

-- CreateIndex
CREATE INDEX "audit_event_kind_at_idx" ON "audit_event"("kind", "at");

-- CreateIndex
CREATE INDEX "audit_event_request_id_idx" ON "audit_event"("request_id");

-- CreateIndex
CREATE UNIQUE INDEX "setup_link_code_hash_key" ON "setup_link"("code_hash");

-- CreateIndex
CREATE INDEX "run_state_created_at_idx" ON "run"("state", "created_at");

-- CreateIndex
CREATE INDEX "run_created_at_idx" ON "run"("created_at" DESC);

-- CreateIndex
CREATE INDEX "run_principal_id_created_at_idx" ON "run"("principal_id", "created_at" DESC);

-- CreateIndex
CREATE UNIQUE INDEX "run_principal_id_idempotency_key_key" ON "run"("principal_id", "idempotency_key");

-- CreateIndex
CREATE INDEX "token_owner_id_idx" ON "token"("owner_id");

-- CreateIndex
CREATE INDEX "token_family_id_idx" ON "token"("family_id");

-- AddForeignKey
ALTER TABLE "run_event" ADD CONSTRAINT "run_event_run_id_fkey" FOREIGN KEY ("run_id") REFERENCES "run"("id") ON DELETE CASCADE ON UPDATE CASCADE;

