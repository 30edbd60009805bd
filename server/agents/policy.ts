/**
 * Who answers a question: which agent, on which model, in which sandbox profile; or why nobody does, with the key that says so and what to
 * do. Pure, browser-safe. Names come from people's messages: they are looked up, never built into anything.
 */
import { namesShown } from "#server/core/name-list.ts";
import { DEFAULT_PROFILE, profileNames, profilesOfRole, type ProfilesConfig } from "#server/sandbox/policy.ts";

/** The agent of a question that names none; there also when the configuration does not write it. */
const DEFAULT_AGENT = "default";

/** One agent as configured; times in ms. */
export interface AgentConfig {
  /** `provider/model`. */
  model?: string | undefined;
  profile?: string | undefined;
  /** Absent: every role. */
  roles?: readonly string[] | undefined;
  instructions?: string | undefined;
  /** Another program instead of the built-in agent. */
  command?: readonly string[] | undefined;
  /** Absent: every question stands alone. */
  memory?: { turns: number; retention: number } | undefined;
  maxSteps: number;
  maxTokens: number;
  timeout: number;
}

/** The part of the configuration that is read here. */
export interface AgentsConfig {
  agents: Readonly<Record<string, AgentConfig>>;
  security: { sandboxing: Pick<ProfilesConfig, "profiles" | "roles"> };
}

/** The default agent where none is written: what the configuration's schema makes of an empty entry. */
const UNWRITTEN: AgentConfig = { maxSteps: 20, maxTokens: 100_000, timeout: 300_000 };

/** The model of an agent that names none: that of the first provider here that can be called. */
const USUAL_MODELS: Readonly<Record<string, string>> = {
  anthropic: "claude-sonnet-4-5",
  openai: "gpt-5-mini",
  google: "gemini-2.5-flash",
};

export interface Question {
  role: string;
  /** As written behind the `@`; null = none was. */
  agent: string | null;
  /** Profile the caller asks for; null = none. */
  profile?: string | null | undefined;
}

export interface AnsweringAgent {
  agent: string;
  /** `provider/model`. Null only for another program's agent that names none where no provider is set up. */
  model: string | null;
  profile: string;
}

type AgentRefusalCode =
  "agent_unknown" | "agent_not_for_role" | "model_missing" | "profile_not_allowed" | "profile_missing";

export interface AgentRefusal {
  code: AgentRefusalCode;
  /** Configuration path that decided. */
  because: string;
  /** What is wrong and what to do about it. */
  message: string;
}

type Found<Value> = { ok: true; value: Value } | { ok: false; refusal: AgentRefusal };

/** What the configuration says about the agent; null = there is none of this name. */
export function agentOf({ agents }: Pick<AgentsConfig, "agents">, name: string): AgentConfig | null {
  if (Object.hasOwn(agents, name)) {
    return agents[name] ?? null;
  }
  return name === DEFAULT_AGENT ? UNWRITTEN : null;
}

/**
 * Which agent answers `question`, or why none does.
 * @param providers names of the model providers that can be called
 */
export function answeringAgent(
  config: AgentsConfig,
  providers: readonly string[],
  question: Question,
): Found<AnsweringAgent> {
  const name = question.agent?.toLowerCase() ?? DEFAULT_AGENT;
  const { role } = question;
  const agent = agentOf(config, name);
  if (agent === null) {
    return refuse("agent_unknown", "agents", `There is no agent "${name.slice(0, 40)}". ${askable(config, role)}`);
  }
  const key = `agents.${name}`;
  if (!isFor(agent, role)) {
    const message = `Role "${role}" may not ask the agent "${name}". ${askable(config, role)}`;
    return refuse("agent_not_for_role", `${key}.roles`, message);
  }
  const model = modelOf(providers, agent, key);
  if (!model.ok) {
    return model;
  }
  const profile = profileOf(config, agent, key, question);
  return profile.ok ? { ok: true, value: { agent: name, model: model.value, profile: profile.value } } : profile;
}

const refuse = (code: AgentRefusalCode, because: string, message: string): { ok: false; refusal: AgentRefusal } => ({
  ok: false,
  refusal: { code, because, message },
});

const isFor = ({ roles }: AgentConfig, role: string): boolean => roles === undefined || roles.includes(role);

/** Only names that the role may use: what others have is not its to know. */
function askable({ agents }: AgentsConfig, role: string): string {
  const names = [...new Set([DEFAULT_AGENT, ...Object.keys(agents)])].filter((name) => {
    const agent = agentOf({ agents }, name);
    return agent !== null && isFor(agent, role);
  });
  if (names.length === 0) {
    return "There is none that it may ask.";
  }
  return `Ask one of: ${namesShown(names)}.`;
}

function modelOf(providers: readonly string[], agent: AgentConfig, key: string): Found<string | null> {
  const because = `${key}.model`;
  if (agent.model !== undefined) {
    const provider = agent.model.slice(0, agent.model.indexOf("/"));
    const message = `${because} is "${agent.model}", and the provider "${provider}" is not set up. ${fixFor(provider)}`;
    return providers.includes(provider) ? { ok: true, value: agent.model } : refuse("model_missing", because, message);
  }
  const usual = Object.entries(USUAL_MODELS).find(([provider]) => providers.includes(provider));
  if (usual !== undefined) {
    return { ok: true, value: usual.join("/") };
  }
  const message = `No model is configured. Set security.apiKeys.anthropic, .openai or .google; or describe a provider in models.providers and name its model in ${because}.`;
  return agent.command === undefined ? refuse("model_missing", because, message) : { ok: true, value: null };
}

const fixFor = (provider: string): string =>
  Object.hasOwn(USUAL_MODELS, provider)
    ? `Set security.apiKeys.${provider}, or name another model.`
    : `Describe it in models.providers.${provider}, or name another model.`;

function profileOf(config: AgentsConfig, agent: AgentConfig, key: string, question: Question): Found<string> {
  const { sandboxing } = config.security;
  const own = agent.profile !== undefined;
  const allowed = own ? [agent.profile] : profilesOfRole(sandboxing, question.role);
  const because = own ? `${key}.profile` : `security.sandboxing.roles.${question.role}`;
  const profile = question.profile ?? allowed[0] ?? DEFAULT_PROFILE;
  if (!allowed.includes(profile)) {
    const who = own ? `The agent "${question.agent ?? DEFAULT_AGENT}"` : `Role "${question.role}"`;
    const message = `${who} does not run in the profile "${profile.slice(0, 40)}". Leave it out, or use one of: ${allowed.join(", ")}.`;
    return refuse("profile_not_allowed", because, message);
  }
  if (!profileNames(sandboxing).includes(profile)) {
    const message = `${because} names the profile "${profile}", which is not there. Describe it in security.sandboxing.profiles.${profile}, or name another one.`;
    return refuse("profile_missing", because, message);
  }
  return { ok: true, value: profile };
}
