import { AppError } from "#server/core/errors.ts";
import type { Command } from "#server/gateway/commands/command.ts";

/** Questions go to a model. Without one configured the answer says so and where to change it. */
export const askCommand: Command = {
  name: "ask",
  permission: "messages:send",
  usage: "/ask <question>, or plain text",
  summary: "ask the agent",
  async execute({ services }) {
    throw new AppError(
      "NOT_CONFIGURED",
      `No model is configured. Set security.apiKeys.anthropic, .openai or .google in ${services.config.status().file}; until then /run and /status work.`,
    );
  },
};
