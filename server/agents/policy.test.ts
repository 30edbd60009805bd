import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { agentOf, answeringAgent, type AgentConfig, type AgentsConfig, type Question } from "#server/agents/policy.ts";
import { ConfigSchema } from "#server/config/schema.ts";
import type { ProfileConfig } from "#server/sandbox/profiles.ts";

const AGENT: AgentConfig = { maxSteps: 20, maxTokens: 100_000, timeout: 300_000 };
const PROFILE: ProfileConfig = { limits: {}, pool: {}, models: { allowed: [], maxTokens: 1 }, egress: { domains: [] } };

interface Parts {
  agents?: Record<string, Partial<AgentConfig>>;
  /** Default: openai. */
  providers?: string[];
  profiles?: string[];
  roles?: Record<string, string[]>;
}

/** Maps of the configuration have no prototype. */
const map = <Value>(entries: (readonly [string, Value])[]): Record<string, Value> =>
  Object.assign(Object.create(null) as Record<string, Value>, Object.fromEntries(entries));

const config = ({ agents = {}, profiles = [], roles = {} }: Parts): AgentsConfig => ({
  agents: map(Object.entries(agents).map(([name, agent]) => [name, { ...AGENT, ...agent }])),
  security: {
    sandboxing: { profiles: map(profiles.map((name) => [name, PROFILE])), roles: map(Object.entries(roles)) },
  },
});

const ask = (parts: Parts, question: Partial<Question> = {}) =>
  answeringAgent(config(parts), parts.providers ?? ["openai"], { role: "user", agent: null, ...question });

const answered = (agent: string, model: string | null, profile: string) => ({
  ok: true,
  value: { agent, model, profile },
});

const refused = (code: string, because: string, message: string | RegExp) => ({
  ok: false,
  refusal: { code, because, message: expect.stringMatching(message) as string },
});

describe("who answers", () => {
  it("the default agent is what the schema makes of an empty entry, written or not", () => {
    const written = ConfigSchema.parse({ agents: { default: {} } });
    expect(agentOf(written, "default")).toEqual(agentOf(ConfigSchema.parse({}), "default"));
    expect(agentOf(written, "other")).toBeNull();
  });

  it.each([
    [["google", "openai", "anthropic"], "anthropic/claude-sonnet-4-5"],
    [["google", "openai"], "openai/gpt-5-mini"],
    [["google"], "google/gemini-2.5-flash"],
  ])(
    "without a model of its own it has the usual one of the first provider that can be called: %j",
    (providers, model) => {
      expect(ask({ providers })).toEqual(answered("default", model, "default"));
    },
  );

  it("its own model needs its provider only", () => {
    expect(ask({ providers: ["local"], agents: { default: { model: "local/llama-3:8b" } } })).toEqual(
      answered("default", "local/llama-3:8b", "default"),
    );
  });

  it("another agent is asked by its name in any case, and keeps to its own model and profile", () => {
    const parts = {
      agents: { coder: { model: "openai/gpt-5", profile: "build" } },
      profiles: ["build"],
      roles: { user: ["default"] },
    };
    expect(ask(parts, { agent: "Coder" })).toEqual(answered("coder", "openai/gpt-5", "build"));
    expect(ask(parts, { agent: "coder", profile: "build" })).toEqual(answered("coder", "openai/gpt-5", "build"));
  });

  it("an agent without a profile runs in its user's: the first, or the one that is asked for", () => {
    const parts = { profiles: ["small", "big"], roles: { user: ["small", "big"] } };
    expect(ask(parts)).toEqual(answered("default", "openai/gpt-5-mini", "small"));
    expect(ask(parts, { profile: "big" })).toEqual(answered("default", "openai/gpt-5-mini", "big"));
    expect(ask(parts, { role: "guest" })).toEqual(answered("default", "openai/gpt-5-mini", "default"));
  });

  it("another program may do without a model", () => {
    expect(ask({ providers: [], agents: { default: { command: ["bot"] } } })).toEqual(
      answered("default", null, "default"),
    );
  });
});

describe("who does not, and which key says so", () => {
  it("an agent that is not there; the answer names those the role may ask", () => {
    const agents = { coder: {}, boss: { roles: ["admin"] } };
    const unknown = refused("agent_unknown", "agents", /^There is no agent "nobody"\. Ask one of: default, coder\.$/);
    expect(ask({ agents }, { agent: "nobody" })).toEqual(unknown);
    expect(ask({ agents: { default: { roles: [] } } }, { agent: "x" })).toEqual(
      refused("agent_unknown", "agents", /There is none that it may ask\.$/),
    );
  });

  it.each(["constructor", "__proto__", "toString", "hasOwnProperty"])("%s is no agent and no profile", (name) => {
    expect(ask({}, { agent: name })).toMatchObject({ ok: false, refusal: { code: "agent_unknown" } });
    expect(ask({}, { profile: name })).toMatchObject({ ok: false, refusal: { code: "profile_not_allowed" } });
    expect(ask({ agents: { default: { model: `${name}/x` } } })).toMatchObject({
      ok: false,
      refusal: { code: "model_missing" },
    });
  });

  it("AUTHZ-1 a role that the agent is not for", () => {
    const agents = { boss: { roles: ["admin"] } };
    const message = /^Role "user" may not ask the agent "boss"\. Ask one of: default\.$/;
    expect(ask({ agents }, { agent: "boss" })).toEqual(refused("agent_not_for_role", "agents.boss.roles", message));
    expect(ask({ agents }, { agent: "boss", role: "admin" })).toMatchObject({ ok: true });
    expect(ask({ agents: { default: { roles: [] } } })).toMatchObject({
      ok: false,
      refusal: { code: "agent_not_for_role", because: "agents.default.roles" },
    });
  });

  it("no model, and a model of a provider that is not set up", () => {
    expect(ask({ providers: [] })).toEqual(
      refused(
        "model_missing",
        "agents.default.model",
        /security\.apiKeys\.anthropic, \.openai or \.google;.*models\.providers/,
      ),
    );
    expect(ask({ agents: { default: { model: "google/gemini-2.5-pro" } } })).toEqual(
      refused("model_missing", "agents.default.model", /Set security\.apiKeys\.google,/),
    );
    expect(ask({ agents: { default: { model: "local/llama" } } })).toEqual(
      refused("model_missing", "agents.default.model", /Describe it in models\.providers\.local,/),
    );
  });

  it("SBX-1 a profile that is not the role's, not the agent's, or not there", () => {
    const parts = { profiles: ["small", "big"], roles: { user: ["small"] }, agents: { coder: { profile: "small" } } };
    expect(ask(parts, { profile: "big" })).toEqual(
      refused("profile_not_allowed", "security.sandboxing.roles.user", /^Role "user" .*"big".*: small\.$/),
    );
    expect(ask(parts, { agent: "coder", profile: "big", role: "admin" })).toEqual(
      refused("profile_not_allowed", "agents.coder.profile", /^The agent "coder" .*"big".*: small\.$/),
    );
    expect(ask({ agents: { coder: { profile: "gone" } } }, { agent: "coder" })).toEqual(
      refused("profile_missing", "agents.coder.profile", /security\.sandboxing\.profiles\.gone/),
    );
    expect(ask({ roles: { user: ["gone"] } })).toEqual(
      refused("profile_missing", "security.sandboxing.roles.user", /security\.sandboxing\.profiles\.gone/),
    );
  });
});

/** Few names, so that they meet; with some of JavaScript's own. */
const name = fc.constantFrom("default", "a", "b", "A", "constructor", "__proto__");
const provider = fc.constantFrom("openai", "anthropic", "google", "local", "constructor");
const agent = fc.record(
  {
    model: provider.map((one) => `${one}/m`),
    profile: name,
    roles: fc.array(name, { maxLength: 3 }),
    command: fc.constant(["bot"]),
  },
  { requiredKeys: [] },
);
const randomParts = fc.record({
  agents: fc.dictionary(name, agent),
  providers: fc.uniqueArray(provider),
  profiles: fc.uniqueArray(name),
  roles: fc.dictionary(name, fc.array(name, { minLength: 1, maxLength: 3 })),
});
const randomQuestion = fc.record({ role: name, agent: fc.option(name), profile: fc.option(name) });

describe("properties", () => {
  it("an answer holds only what the configuration grants; a refusal names a key", () => {
    fc.assert(
      fc.property(randomParts, randomQuestion, (parts, question) => {
        const found = answeringAgent(config(parts), parts.providers, question);
        if (!found.ok) {
          expect(found.refusal.because).toMatch(/^(?:agents|security)\b/);
          return;
        }
        const { agent: who, model, profile } = found.value;
        const own = Object.hasOwn(parts.agents, who) ? parts.agents[who] : undefined;
        expect(who).toBe((question.agent ?? "default").toLowerCase());
        expect(own !== undefined || who === "default").toBe(true);
        expect(own?.roles?.includes(question.role) ?? true).toBe(true);
        expect(
          model === null ? own?.command !== undefined : parts.providers.some((one) => model.startsWith(`${one}/`)),
        ).toBe(true);
        expect(own?.model ?? model).toBe(model);
        const ofRole = Object.hasOwn(parts.roles, question.role) ? parts.roles[question.role] : undefined;
        expect(own?.profile === undefined ? (ofRole ?? ["default"]) : [own.profile]).toContain(profile);
        expect(question.profile ?? profile).toBe(profile);
        expect(["default", ...parts.profiles]).toContain(profile);
      }),
      { numRuns: 2_000 },
    );
  });

  it("names of any text are looked up and nothing else, and long ones are cut in the answer", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 2_000 }), fc.string(), (written, role) => {
        const found = answeringAgent(config({}), ["openai"], { role, agent: written });
        expect(found.ok).toBe(written.toLowerCase() === "default");
        expect(found.ok ? 0 : found.refusal.message.length).toBeLessThan(200);
      }),
    );
  });
});
