-- AlterTable
ALTER TABLE "pairing_request" ADD COLUMN     "told_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP;

-- CreateIndex
CREATE UNIQUE INDEX "pairing_request_channel_code_hash_key" ON "pairing_request"("channel", "code_hash");

ALTER TABLE pairing_request
  DROP CONSTRAINT pairing_request_outcome,
  ADD CONSTRAINT pairing_request_outcome CHECK (outcome IN ('approved', 'refused', 'expired'));

-- Every process keeps the identities in memory: they are asked for with every message.
CREATE FUNCTION announce_identity() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('openclaw_identity', '');
  RETURN NULL;
END
$$;
CREATE TRIGGER announce_identity AFTER INSERT OR UPDATE OR DELETE ON channel_identity
  FOR EACH STATEMENT EXECUTE FUNCTION announce_identity();
