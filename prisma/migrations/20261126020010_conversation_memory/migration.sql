-- AlterTable
ALTER TABLE "run" ADD COLUMN     "conversation_id" TEXT,
ADD COLUMN     "history" TEXT;

-- CreateTable
CREATE TABLE "conversation_turn" (
    "id" TEXT NOT NULL,
    "channel" TEXT NOT NULL,
    "conversation_id" TEXT NOT NULL,
    "user_id" TEXT NOT NULL,
    "agent" TEXT NOT NULL,
    "role" TEXT NOT NULL,
    "text" TEXT NOT NULL,
    "run_id" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "conversation_turn_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "conversation_turn_channel_conversation_id_user_id_agent_cre_idx" ON "conversation_turn"("channel", "conversation_id", "user_id", "agent", "created_at" DESC);

-- CreateIndex
CREATE INDEX "conversation_turn_agent_created_at_idx" ON "conversation_turn"("agent", "created_at");

-- CreateIndex
CREATE INDEX "conversation_turn_user_id_idx" ON "conversation_turn"("user_id");

-- CreateIndex
CREATE UNIQUE INDEX "conversation_turn_run_id_role_key" ON "conversation_turn"("run_id", "role");

ALTER TABLE conversation_turn ADD CONSTRAINT conversation_turn_role CHECK (role IN ('user', 'assistant'));

-- The worker writes what was said with the end of the run; everything else is the server's.
GRANT SELECT, DELETE ON conversation_turn TO openclaw_app;
GRANT INSERT ON conversation_turn TO openclaw_worker;
GRANT UPDATE (conversation_id) ON run TO openclaw_app;

-- Earlier turns go with a run for as long as it may run: no copy of them outlives what they were taken from, whichever way the run ends.
CREATE FUNCTION drop_history() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.history := NULL;
  RETURN NEW;
END
$$;
CREATE TRIGGER drop_history BEFORE UPDATE OF state ON run FOR EACH ROW
  WHEN (NEW.state IN ('succeeded', 'failed', 'cancelled') AND NEW.history IS NOT NULL) EXECUTE FUNCTION drop_history();
