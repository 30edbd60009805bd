/** What other domains, processes and the command line may import of messaging channels. */
export { openIdentityStore, type IdentityStore } from "#server/channels/identity-store.ts";
