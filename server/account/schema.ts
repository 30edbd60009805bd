/** The caller's own account. Browser-safe. */
import { z } from "zod";

/** Who is signed in, as every screen may know it: what it shows and hides follows from the permissions. */
export const Viewer = z.object({
  /** Null for the operator who opened a set-up link. */
  memberId: z.string().nullable(),
  name: z.string(),
  role: z.string().nullable(),
  permissions: z.array(z.string()),
  secondFactor: z.enum(["verified", "missing"]),
  expiresAt: z.date(),
});
export type Viewer = z.infer<typeof Viewer>;
