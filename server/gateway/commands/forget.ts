import { conversationOf, type Command } from "#server/gateway/commands/command.ts";
import { forgetConversation } from "#server/memory/index.ts";

/** Has all agents forget what the sender said in this conversation, and what they answered. */
export const forgetCommand: Command = {
  name: "forget",
  permission: "messages:send",
  usage: "/forget",
  summary: "have agents forget what you said here",
  async execute(context) {
    const { event: _event, data: _data, target: _target, ...occasion } = context.received;
    const count = await forgetConversation(context.services.db, conversationOf(context), occasion);
    const what = count === 1 ? "1 message" : `${count} messages`;
    return {
      kind: "text",
      text: count === 0 ? "There is nothing to forget here." : `Forgotten: ${what}, yours and the answers.`,
    };
  },
};
