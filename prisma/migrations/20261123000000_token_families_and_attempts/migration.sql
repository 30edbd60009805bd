-- AlterTable
ALTER TABLE "token" ADD COLUMN     "lifetime_ms" BIGINT,
ADD COLUMN     "retry_key_hash" BYTEA,
ADD COLUMN     "superseded_at" TIMESTAMPTZ(3);

-- CreateTable
CREATE TABLE "auth_attempt" (
    "key" TEXT NOT NULL,
    "failures" INTEGER NOT NULL,
    "last_failure" TIMESTAMPTZ(3) NOT NULL,
    "blocked_until" TIMESTAMPTZ(3) NOT NULL,
    "writer" TEXT NOT NULL,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "auth_attempt_pkey" PRIMARY KEY ("key")
);

-- CreateIndex
CREATE INDEX "auth_attempt_updated_at_idx" ON "auth_attempt"("updated_at");

-- Tokens made before lengths of life were kept.
UPDATE token SET lifetime_ms = (extract(epoch FROM expires_at - created_at) * 1000)::bigint WHERE expires_at IS NOT NULL;

CREATE INDEX token_live_by_owner ON token (owner_id) WHERE revoked_at IS NULL AND superseded_at IS NULL;

GRANT SELECT, INSERT, UPDATE, DELETE ON auth_attempt TO openclaw_app;
