/** What other domains, processes and the command line may import of messaging channels. */
export { openConnections, type ConnectionStore } from "#server/channels/connections.ts";
export { openIdentityStore, type IdentityStore } from "#server/channels/identity-store.ts";
export { approvePairing, refusePairing } from "#server/channels/pairing/approve.ts";
export type { Approver, PairingDeps } from "#server/channels/pairing/attempt.ts";
export { listIdentities, listPairings, removeIdentity } from "#server/channels/pairing/identities.ts";
export { isHookPath, serveHook } from "#server/channels/hook/serve.ts";
export { openChannelWorker } from "#server/channels/worker/loop.ts";
