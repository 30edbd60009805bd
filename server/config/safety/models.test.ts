import { describe, expect, test } from "vitest";
import { formatPath } from "#server/config/path.ts";
import { readConfigText } from "#server/config/read.ts";
import { modelFindings } from "#server/config/safety/models.ts";

function findings(text: string, environment: Record<string, string> = {}): string[] {
  const { config, problems } = readConfigText(text);
  if (config === undefined) {
    throw new Error(JSON.stringify(problems));
  }
  return modelFindings(config, { lookup: (name) => environment[name] }).map(
    ({ severity, path }) => `${severity} ${formatPath(path)}`,
  );
}

describe("providers", () => {
  const provider = (rest: string, name = "mine"): string[] =>
    findings(`{ models: { providers: { ${name}: { ${rest} } } } }`);
  const type = 'type: "openai"';

  test.each<[string, string[]]>([
    [`${type}, baseUrl: "https://models.test/v1"`, []],
    [`${type}, baseUrl: "http://127.0.0.1:11434/v1"`, []],
    [`${type}, baseUrl: "http://[::1]:11434/v1"`, []],
    [`${type}, baseUrl: "http://localhost:11434/v1"`, []],
    [`${type}, baseUrl: "http://10.0.0.7/v1"`, ["warning models.providers.mine.baseUrl"]],
    [`${type}, baseUrl: "http://localhost.evil.test/v1"`, ["warning models.providers.mine.baseUrl"]],
    [type, ["error models.providers.mine.baseUrl"]],
    ["", ["error models.providers.mine.type", "error models.providers.mine.baseUrl"]],
    [`${type}, baseUrl: "https://m.test", apiKey: "plain"`, ["warning models.providers.mine.apiKey"]],
    [`${type}, baseUrl: "https://m.test", apiKey: "\${UNSET}"`, ["warning models.providers.mine.apiKey"]],
  ])("{ %s }", (rest, expected) => expect(provider(rest)).toEqual(expected));

  test("built-in ones need neither type nor place", () => expect(provider("", "openai")).toEqual([]));

  test("a key in two places: one is not used", () => {
    const text = '{ security: { apiKeys: { openai: "${K}" } }, models: { providers: { openai: { apiKey: "${K}" } } } }';
    expect(findings(text, { K: "x" })).toEqual(["warning models.providers.openai.apiKey"]);
  });
});

test("a fallback to a provider that is not set up is told", () => {
  const text =
    '{ security: { apiKeys: { openai: "${K}" } }, models: { fallback: { "openai/a": ["openai/b", "nobody/c"] } } }';
  expect(findings(text, { K: "x" })).toEqual(['warning models.fallback["openai/a"][1]']);
});

test("SBX-1 names of profiles, models and roles that nothing bears", () => {
  const text = `{
    security: {
      apiKeys: { openai: "\${K}" },
      authorization: { roles: { user: {} } },
      sandboxing: {
        profiles: { net: { models: { allowed: ["openai/*", "open*", "nobody/x"] } } },
        roles: { user: ["default", "net", "gone"], ghost: ["net"] },
      },
    },
    agents: {
      default: { profile: "net", model: "openai/gpt-5-mini", roles: ["user", "ghost"] },
      other: { profile: "gone", model: "anthropic/x" },
    },
  }`;
  expect(findings(text, { K: "x" })).toEqual([
    "error agents.other.profile",
    "error security.sandboxing.roles.user[2]",
    "warning agents.other.model",
    "warning security.sandboxing.profiles.net.models.allowed[2]",
    "warning agents.default.roles[1]",
    "warning security.sandboxing.roles.ghost",
  ]);
});
