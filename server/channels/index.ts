/** What other domains, processes and the command line may import of messaging channels. */
export { openConnections, readConnectionsOnce, type ConnectionStore } from "#server/channels/connections.ts";
export { isSecret, type Secrets } from "#server/channels/connection-rows.ts";
export { removeConnection, saveConnection, type ConnectionEditDeps } from "#server/channels/save-connection.ts";
export { sendTestMessage, testConnection } from "#server/channels/test-connection.ts";
export { openIdentityStore, type IdentityStore } from "#server/channels/identity-store.ts";
export { approvePairing, refusePairing } from "#server/channels/pairing/approve.ts";
export type { Approver, PairingDeps } from "#server/channels/pairing/attempt.ts";
export { listIdentities, listPairings, removeIdentity } from "#server/channels/pairing/identities.ts";
export { followUp } from "#server/channels/follow-up.ts";
export { isHookPath, serveHook } from "#server/channels/hook/serve.ts";
export { openChannelWorker } from "#server/channels/worker/loop.ts";
export { INBOUND_SECRETS, openOldKey, sealOldKey } from "#server/channels/graced-secrets.ts";
export {
  announceConnections,
  assertUsable,
  heldConnections,
  probeWithSecret,
  replaceStoredSecret,
  secretsOf,
  type HeldConnection,
} from "#server/channels/held-secrets.ts";
