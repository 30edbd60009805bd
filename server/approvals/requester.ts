/** Who asked for a run, as it is kept with the request. */
import { z } from "zod";

/** The principal as it was stored; what may change is read anew. */
export const StoredPrincipal = z.object({
  id: z.string(),
  kind: z.enum(["token", "config-token", "channel"]),
  tokenId: z.string().nullable(),
  ownerId: z.string(),
  name: z.string(),
  role: z.string(),
  scopes: z.array(z.string()),
  channels: z.array(z.string()),
  boundUserId: z.string().nullable(),
  paired: z.boolean().optional(),
});
