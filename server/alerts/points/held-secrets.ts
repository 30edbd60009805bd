/** Which secrets contact points hold, for whoever watches how old they are. */
import { openPointSecrets } from "#server/alerts/points/secrets.ts";
import type { Keyring } from "#server/core/crypto/keyring/index.ts";
import type { Db, Tx } from "#server/core/db/client.ts";

interface HeldPointSecret {
  pointId: string;
  point: string;
  key: "secret" | "routingKey" | "password";
  value: string;
}

/** A point whose secrets cannot be opened is left out. */
export async function heldPointSecrets(db: Db | Tx, keyring: Keyring): Promise<HeldPointSecret[]> {
  const points = await db.contactPoint.findMany({ select: { id: true, name: true, secrets: true } });
  return points.flatMap(({ id, name, secrets }) => {
    try {
      const opened = openPointSecrets(keyring, id, secrets);
      return (["secret", "routingKey", "password"] as const).flatMap((key) => {
        const value = opened[key];
        return value === undefined ? [] : [{ pointId: id, point: name, key, value }];
      });
    } catch {
      return [];
    }
  });
}
