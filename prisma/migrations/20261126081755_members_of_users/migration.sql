-- AlterTable
ALTER TABLE "gateway_user" ADD COLUMN     "member_id" TEXT;
ALTER TABLE "gateway_user" ADD CONSTRAINT gateway_user_member CHECK (member_id IS NULL OR length(member_id) BETWEEN 1 AND 200);
