/** What agents remember of conversations: for the gateway, the worker that stores answers, and whoever removes a user. */
export { forgetConversation, forgetUser } from "#server/memory/forget.ts";
export { recall, type Conversation } from "#server/memory/recall.ts";
export { remember } from "#server/memory/remember.ts";
export { openMemoryUpkeep } from "#server/memory/upkeep.ts";
