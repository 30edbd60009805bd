-- AlterTable
ALTER TABLE "token" ADD COLUMN     "models" TEXT[] DEFAULT ARRAY['*']::TEXT[];

-- What is not known narrows to nothing rather than to everything.
ALTER TABLE token ADD CONSTRAINT token_models_known
  CHECK (models IS NOT NULL AND array_position(models, NULL) IS NULL AND cardinality(models) <= 100);

-- A token's list is given when it is made. Runs that it has started read it as it is, so nothing may widen it later.
CREATE FUNCTION keep_token_models() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'the models of a token do not change: make another token' USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER token_models_kept BEFORE UPDATE ON token
  FOR EACH ROW WHEN (OLD.models IS DISTINCT FROM NEW.models) EXECUTE FUNCTION keep_token_models();
