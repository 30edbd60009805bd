export { createToken } from "#server/tokens/create-token.ts";
export { listTokens } from "#server/tokens/list-tokens.ts";
export { loadPepper } from "#server/tokens/pepper.ts";
export { revokeToken } from "#server/tokens/revoke-token.ts";
export { openTokenStore, type TokenStore } from "#server/tokens/token-store.ts";
