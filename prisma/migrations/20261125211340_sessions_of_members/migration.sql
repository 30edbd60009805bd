-- Sessions of the operator, from before there were members: whoever opened one becomes a member first.
DELETE FROM console_session;

-- AlterTable
ALTER TABLE "console_session" DROP COLUMN "subject",
ALTER COLUMN "auth_version" DROP DEFAULT,
ALTER COLUMN "factor_proven" DROP DEFAULT,
ALTER COLUMN "member_id" SET NOT NULL,
ALTER COLUMN "method" DROP DEFAULT,
ALTER COLUMN "public_id" SET NOT NULL;

-- DropTable
DROP TABLE "setup_link";

ALTER TABLE console_session ADD CONSTRAINT console_session_method CHECK (
  method IN ('invitation', 'password', 'totp', 'recovery_code', 'passkey')
);
