/** Rules about model providers, agents and sandbox profiles: what is missing, names that nothing bears, keys that travel unencrypted. */
import type { Finding } from "#server/config/problems.ts";
import type { SecretSource } from "#server/config/references.ts";
import { providerKeyFindings } from "#server/config/safety/data.ts";
import { isLoopback } from "#server/config/safety/network.ts";
import type { Config } from "#server/config/schema.ts";
import { isBuiltInProvider, providersOf } from "#server/models/policy.ts";
import { profileNames } from "#server/sandbox/policy.ts";

export function modelFindings(config: Config, secrets: SecretSource): Finding[] {
  return [
    ...providerFindings(config, secrets),
    ...profileFindings(config),
    ...providerNameFindings(config),
    ...roleFindings(config),
  ];
}

function providerFindings({ models, security }: Config, secrets: SecretSource): Finding[] {
  const sharedKeys: Readonly<Record<string, string | undefined>> = security.apiKeys;
  return Object.entries(models.providers).flatMap(([name, { type, baseUrl, apiKey }]): Finding[] => {
    const base = ["models", "providers", name];
    const findings: Finding[] = [];
    if (!isBuiltInProvider(name) && type === undefined) {
      findings.push({
        severity: "error",
        path: [...base, "type"],
        reason: "is missing: which API the provider speaks is not known",
        fix: 'Write "openai" or "anthropic".',
      });
    }
    if (!isBuiltInProvider(name) && baseUrl === undefined) {
      findings.push({
        severity: "error",
        path: [...base, "baseUrl"],
        reason: "is missing: where the provider is is not known",
        fix: 'Write its address, such as "http://127.0.0.1:11434/v1".',
      });
    }
    if (baseUrl !== undefined && isUnencrypted(baseUrl)) {
      findings.push({
        severity: "warning",
        path: [...base, "baseUrl"],
        reason: "sends questions, answers and the provider's key unencrypted to another machine",
        fix: "Use https.",
      });
    }
    if (apiKey !== undefined) {
      const path = [...base, "apiKey"];
      findings.push(...providerKeyFindings(path, apiKey, secrets));
      if (sharedKeys[name] !== undefined) {
        const reason = `is not used, because security.apiKeys.${name} wins`;
        findings.push({ severity: "warning", path, reason, fix: "Remove one of the two." });
      }
    }
    return findings;
  });
}

function isUnencrypted(baseUrl: string): boolean {
  const { protocol, hostname } = new URL(baseUrl);
  return protocol === "http:" && !isLoopback(hostname.replace(/^\[|\]$/g, ""));
}

/** Profiles that agents and roles name. */
function profileFindings({ agents, security: { sandboxing } }: Config): Finding[] {
  const names = profileNames(sandboxing);
  const used: [path: Finding["path"], profile: string | undefined][] = [
    ...Object.entries(agents).map(([agent, { profile }]): [Finding["path"], string | undefined] => [
      ["agents", agent, "profile"],
      profile,
    ]),
    ...Object.entries(sandboxing.roles).flatMap(([role, profiles]) =>
      profiles.map((profile, index): [Finding["path"], string] => [
        ["security", "sandboxing", "roles", role, index],
        profile,
      ]),
    ),
  ];
  return used
    .filter(([, profile]) => profile !== undefined && !names.includes(profile))
    .map(([path, profile]) => ({
      severity: "error",
      path,
      reason: "names a sandbox profile that is not there",
      fix: `Describe it in security.sandboxing.profiles.${profile}, or use one of: ${names.join(", ")}.`,
    }));
}

/** Models of providers that nobody has set up: the agent could not answer, the fallback would not help, the grant would grant nothing. */
function providerNameFindings(config: Config): Finding[] {
  const names = providersOf(config).map(({ name }) => name);
  const used: [path: Finding["path"], model: string | undefined][] = [
    ...Object.entries(config.agents).map(([agent, { model }]): [Finding["path"], string | undefined] => [
      ["agents", agent, "model"],
      model,
    ]),
    ...Object.entries(config.models.fallback).flatMap(([from, models]) =>
      models.map((model, index): [Finding["path"], string] => [["models", "fallback", from, index], model]),
    ),
    ...Object.entries(config.security.sandboxing.profiles).flatMap(([profile, { models }]) =>
      models.allowed.map((model, index): [Finding["path"], string] => [
        ["security", "sandboxing", "profiles", profile, "models", "allowed", index],
        model,
      ]),
    ),
  ];
  return used
    .filter(([, model]) => model !== undefined && !names.some((name) => isOf(name, model)))
    .map(([path]) => ({
      severity: "warning",
      path,
      reason: "names a model of a provider that is not set up",
      fix: "Set the provider's key in security.apiKeys, or describe the provider in models.providers.",
    }));
}

/** Whether a model, or a beginning of names that ends in `*`, can be one of the provider's. */
const isOf = (provider: string, model: string): boolean =>
  model.startsWith(`${provider}/`) || (model.endsWith("*") && `${provider}/`.startsWith(model.slice(0, -1)));

/** Only where the file owns the roles: else the names may live in the database. */
function roleFindings({ agents, security }: Config): Finding[] {
  const { roles } = security.authorization;
  if (Object.keys(roles).length === 0) {
    return [];
  }
  const used: [path: Finding["path"], role: string][] = [
    ...Object.entries(agents).flatMap(([agent, { roles: names }]) =>
      (names ?? []).map((role, index): [Finding["path"], string] => [["agents", agent, "roles", index], role]),
    ),
    ...Object.keys(security.sandboxing.roles).map((role): [Finding["path"], string] => [
      ["security", "sandboxing", "roles", role],
      role,
    ]),
  ];
  return used
    .filter(([, role]) => !Object.hasOwn(roles, role))
    .map(([path]) => ({
      severity: "warning",
      path,
      reason: "names a role that security.authorization.roles does not define, so it never applies",
      fix: `Define the role, or use one of: ${Object.keys(roles).join(", ")}.`,
    }));
}
