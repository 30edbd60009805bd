-- CreateTable
CREATE TABLE "channel_connection" (
    "channel" TEXT NOT NULL,
    "type" TEXT NOT NULL,
    "settings" JSONB NOT NULL,
    "secrets" BYTEA NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "channel_connection_pkey" PRIMARY KEY ("channel")
);

-- CreateTable
CREATE TABLE "channel_delivery" (
    "id" TEXT NOT NULL,
    "channel" TEXT NOT NULL,
    "event_id" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "sender_id" TEXT NOT NULL,
    "conversation_id" TEXT NOT NULL,
    "event" BYTEA NOT NULL,
    "state" TEXT NOT NULL DEFAULT 'accepted',
    "reason" TEXT,
    "user_id" TEXT,
    "run_id" TEXT,
    "request_id" TEXT NOT NULL,
    "worker_id" TEXT,
    "leased_until" TIMESTAMPTZ(3),
    "attempt" INTEGER NOT NULL DEFAULT 0,
    "accepted_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "finished_at" TIMESTAMPTZ(3),

    CONSTRAINT "channel_delivery_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "channel_reply" (
    "id" TEXT NOT NULL,
    "delivery_id" TEXT NOT NULL,
    "channel" TEXT NOT NULL,
    "part" INTEGER NOT NULL,
    "body" BYTEA NOT NULL,
    "state" TEXT NOT NULL DEFAULT 'pending',
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "next_attempt_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "platform_message_id" TEXT,
    "reason" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "sent_at" TIMESTAMPTZ(3),

    CONSTRAINT "channel_reply_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "channel_identity" (
    "channel" TEXT NOT NULL,
    "sender_id" TEXT NOT NULL,
    "user_id" TEXT NOT NULL,
    "label" TEXT,
    "approved_by" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "channel_identity_pkey" PRIMARY KEY ("channel","sender_id")
);

-- CreateTable
CREATE TABLE "pairing_request" (
    "id" TEXT NOT NULL,
    "channel" TEXT NOT NULL,
    "sender_id" TEXT NOT NULL,
    "label" TEXT,
    "code_hash" BYTEA NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,
    "outcome" TEXT,
    "decided_by" TEXT,
    "decided_at" TIMESTAMPTZ(3),

    CONSTRAINT "pairing_request_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "channel_delivery_state_accepted_at_idx" ON "channel_delivery"("state", "accepted_at");

-- CreateIndex
CREATE INDEX "channel_delivery_channel_accepted_at_idx" ON "channel_delivery"("channel", "accepted_at" DESC);

-- CreateIndex
CREATE UNIQUE INDEX "channel_delivery_channel_event_id_key" ON "channel_delivery"("channel", "event_id");

-- CreateIndex
CREATE INDEX "channel_reply_state_next_attempt_at_idx" ON "channel_reply"("state", "next_attempt_at");

-- CreateIndex
CREATE UNIQUE INDEX "channel_reply_delivery_id_part_key" ON "channel_reply"("delivery_id", "part");

-- CreateIndex
CREATE INDEX "channel_identity_user_id_idx" ON "channel_identity"("user_id");

-- CreateIndex
CREATE INDEX "pairing_request_channel_sender_id_idx" ON "pairing_request"("channel", "sender_id");

-- CreateIndex
CREATE INDEX "pairing_request_expires_at_idx" ON "pairing_request"("expires_at");

-- AddForeignKey
ALTER TABLE "channel_reply" ADD CONSTRAINT "channel_reply_delivery_id_fkey" FOREIGN KEY ("delivery_id") REFERENCES "channel_delivery"("id") ON DELETE CASCADE ON UPDATE CASCADE;

ALTER TABLE channel_connection
  ADD CONSTRAINT channel_connection_type CHECK (type IN ('telegram', 'slack', 'whatsapp', 'discord', 'webhook'));
ALTER TABLE channel_delivery
  ADD CONSTRAINT channel_delivery_state
    CHECK (state IN ('accepted', 'working', 'replying', 'answered', 'refused', 'ignored', 'failed'));
ALTER TABLE channel_reply
  ADD CONSTRAINT channel_reply_state CHECK (state IN ('pending', 'sending', 'sent', 'failed'));
ALTER TABLE pairing_request
  ADD CONSTRAINT pairing_request_outcome CHECK (outcome IN ('approved', 'refused'));

-- Deliveries and their replies are removed by retention only, through the application.
GRANT SELECT, INSERT, UPDATE, DELETE ON channel_connection, channel_delivery, channel_reply, channel_identity, pairing_request
  TO openclaw_app;
