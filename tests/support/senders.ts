/** Who senders of platforms are, on a real database: the services of sign-in, and what pairing needs beside them. */
import { createSecretKey, randomBytes } from "node:crypto";
import { startAuthServices, type AuthTestServices } from "./auth-services.ts";
import { openIdentityStore, type IdentityStore } from "#server/channels/index.ts";
import { openNotifyHub } from "#server/core/db/notify.ts";
import type { Pepper } from "#server/tokens/index.ts";

export interface SenderTestServices extends AuthTestServices {
  identities: IdentityStore;
  pepper: Pepper;
}

export async function startSenderServices(): Promise<SenderTestServices> {
  const services = await startAuthServices();
  const { pool, log } = services;
  const close = services.close.bind(services);
  const notify = await openNotifyHub(pool.options.connectionString ?? "", "test", log);
  const identities = await openIdentityStore({ pool, notify, log });
  return Object.assign(services, {
    identities,
    pepper: { id: "test", key: createSecretKey(randomBytes(32)) },
    async close() {
      await notify.close();
      await close();
    },
  });
}
