import { agentOf, answeringAgent, type AgentRefusal, type AnsweringAgent } from "#server/agents/policy.ts";
import { conversationOf, type Command, type CommandContext } from "#server/gateway/commands/command.ts";
import { startRun } from "#server/gateway/commands/start-run.ts";
import { parseAskArgs } from "#server/gateway/grammar.ts";
import { Refusal } from "#server/gateway/refusal.ts";
import { acceptedOutputs } from "#server/gateway/run-options.ts";
import { listWithout } from "#server/gateway/token-models.ts";
import { recall } from "#server/memory/index.ts";
import { providersOf } from "#server/models/policy.ts";

/** Files below it are kept when the agent has ended; it is told so. */
const OUTPUTS = ["output"];

/** Accepts a question as a run of an agent: it works in a sandbox like any program, and what it prints is the answer. */
export const askCommand: Command = {
  name: "ask",
  permission: "messages:send",
  usage: "/ask [@agent] <question>, or plain text",
  summary: "ask the agent",
  startsRuns: true,
  async execute(context) {
    const { question, agent: name } = parseAskArgs(context.args);
    const { agent, model, profile } = answering(context, name);
    const outputs = [...new Set([...OUTPUTS, ...acceptedOutputs(context)])];
    const asked = { language: "agent" as const, code: question, agent, model: model ?? undefined, profile, outputs };
    return startRun(context, { ...asked, ...(await remembered(context, agent)) });
  },
};

/** What was said before, as it is at this moment: it is stored with the run, and nothing is added to it later. */
async function remembered(context: CommandContext, agent: string) {
  const { services } = context;
  const memory = agentOf(services.config.current().config, agent)?.memory;
  if (memory === undefined) {
    return {};
  }
  const conversation = conversationOf(context);
  const history = await recall(services, conversation, agent, memory);
  return { conversationId: conversation.conversationId, history };
}

/** @throws Refusal that names the key and the fix */
function answering(context: CommandContext, agent: string | null): AnsweringAgent {
  const { services, decision, options } = context;
  const { config } = services.config.current();
  const providers = providersOf(config).map(({ name }) => name);
  const found = answeringAgent(config, providers, { role: decision.role, agent, profile: options.profile });
  if (!found.ok) {
    throw asError(found.refusal, context);
  }
  refuseModel(context, found.value);
  return found.value;
}

/** Said before anything runs; the call itself is judged again. @throws Refusal FORBIDDEN for a model that the token's own list leaves out. */
function refuseModel({ services, principal, channel, userId, decision }: CommandContext, asked: AnsweringAgent): void {
  const { agent, model } = asked;
  const list = listWithout(services, principal, model);
  if (list === undefined) {
    return;
  }
  const because = list.source;
  const data = { command: "ask", role: decision.role };
  throw new Refusal(
    "FORBIDDEN",
    `The agent "${agent}" answers with the model "${model ?? ""}", which is not in this token's list of models. Ask another agent, or use a token that may call it.`,
    { event: "access.denied", reason: "model_not_granted", because, channel, userId: userId ?? undefined, data },
    { details: { reason: "model_not_granted", because } },
  );
}

/** What the caller may not have is forbidden; what nobody has is for the one who keeps the configuration. */
function asError({ code, because, message }: AgentRefusal, context: CommandContext): Refusal {
  const { services, channel, userId, decision } = context;
  const data = { command: "ask", role: decision.role };
  const facts = { reason: code, because, channel, userId: userId ?? undefined, data };
  switch (code) {
    case "agent_unknown":
      return new Refusal("INVALID_INPUT", `text: ${message}`, { event: "message.refused", ...facts });
    case "agent_not_for_role":
    case "profile_not_allowed":
      return new Refusal(
        "FORBIDDEN",
        message,
        { event: "access.denied", ...facts },
        { details: { reason: code, because } },
      );
    case "model_missing":
    case "profile_missing":
      return new Refusal("NOT_CONFIGURED", `${message} The file is ${services.config.status().file}.`, {
        event: "message.refused",
        ...facts,
      });
  }
}
