/** Model providers, budgets, agents: what they may cost and whom they serve. */
import { formatPath } from "#server/config/index.ts";
import { atKey, checksOf, DAY_MS, type Check } from "#server/scan/check.ts";
import { isLoopbackHost } from "#server/scan/checks/words.ts";
import type { Config } from "#server/config/schema.ts";
import { providersOf } from "#server/models/policy.ts";
import { shellWord } from "#server/scan/shown.ts";

const HOUR_MS = 3_600_000;
const MANY_TOKENS = 1_000_000;
const SHORT_KEEP_MS = 90 * DAY_MS;
const LONG_MEMORY_MS = 90 * DAY_MS;

/** Providers that are paid for: those somewhere else. */
const paid = (config: Config) =>
  providersOf(config).filter(({ baseUrl }) => !isLoopbackHost(URL.parse(baseUrl)?.hostname ?? ""));

export const MODEL_CHECKS: readonly Check[] = [
  ...checksOf(
    "models",
    ["configuration"],
    [
      {
        id: "models.no_budget",
        severity: "warn",
        title: "Models have no budget",
        why: "A stolen token, a loop or an injected agent spends until somebody sees the bill.",
        run: ({ configuration: { config } }) => {
          const providers = paid(config);
          return providers.length > 0 && config.models.budgets.length === 0
            ? [
                atKey(
                  ["models", "budgets"],
                  `${providers.map(({ name }) => name).join(", ")} can be called, and models.budgets is empty.`,
                  "Give each user a budget.",
                  { command: `openclaw config set models.budgets '[{scope:"user",period:"1d",maxCost:5}]'` },
                ),
              ]
            : [];
        },
      },
      {
        id: "models.budget_without_cost",
        severity: "info",
        title: "No budget is in money",
        why: "A token of one model costs a hundred times one of another.",
        run: ({ configuration: { config } }) => {
          const { budgets } = config.models;
          return budgets.length > 0 && paid(config).length > 0 && budgets.every(({ maxCost }) => maxCost === undefined)
            ? [
                atKey(
                  ["models", "budgets"],
                  "Every budget counts tokens only.",
                  "Add maxCost to one that covers everybody.",
                ),
              ]
            : [];
        },
      },
      {
        id: "models.budget_lets_unpriced_through",
        severity: "warn",
        title: "A budget counts models of unknown price as free",
        why: "The one model that is not in the table costs what it likes.",
        run: ({ configuration: { config } }) =>
          config.models.budgets.flatMap(({ maxCost, unknownPrice }, index) =>
            maxCost !== undefined && unknownPrice === "allow"
              ? [
                  atKey(
                    ["models", "budgets", index, "unknownPrice"],
                    "unknownPrice is allow.",
                    "Remove the key, and write prices for your models.",
                  ),
                ]
              : [],
          ),
      },
      {
        id: "models.budget_unmatched",
        severity: "warn",
        title: "A budget is for a role that does not exist",
        why: "It looks like a limit and never applies.",
        run: ({ configuration: { config, owned } }) => {
          const { roles } = config.security.authorization;
          return owned.has("security.authorization.roles")
            ? config.models.budgets.flatMap(({ scope, name }, index) =>
                scope === "role" && name !== "*" && !Object.hasOwn(roles, name)
                  ? [
                      atKey(
                        ["models", "budgets", index, "name"],
                        `It is for the role ${name}.`,
                        "Name one that exists, or *.",
                      ),
                    ]
                  : [],
              )
            : [];
        },
      },
      {
        id: "models.access_open",
        severity: "info",
        title: "Every role may call every model",
        why: "Whoever may call one may call the most expensive one, and every one that is set up later.",
        run: ({ configuration: { config } }) => {
          const { access } = config.models;
          return paid(config).length > 0 && access === undefined
            ? [
                atKey(["models", "access"], "models.access is not written.", "List the models each role needs.", {
                  command: `openclaw config set models.access '{user:["openai/gpt-5-mini"]}'`,
                }),
              ]
            : [];
        },
      },
      {
        id: "models.access_everything",
        severity: "warn",
        title: "Roles that nobody named may call every model",
        why: "A list with * for everybody is no list.",
        run: ({ configuration: { config } }) =>
          (config.models.access?.["*"] ?? []).some((pattern) => pattern === "*")
            ? [
                atKey(
                  ["models", "access", "*"],
                  'models.access["*"] holds *.',
                  "Name the models, or the roles that need them all.",
                ),
              ]
            : [],
      },
      {
        id: "models.key_reused",
        severity: "warn",
        title: "Two providers get the same key",
        why: "The one sees the other's key, and rotating it breaks both.",
        run: ({ configuration: { secrets } }) => {
          const seen = new Map<string, string>();
          return secrets.flatMap(({ path, digest }) => {
            const written = formatPath(path);
            const isKey = /^security\.apiKeys\.|^models\.providers\..*apiKey$/.test(written);
            const first = digest === null || !isKey ? undefined : seen.get(digest);
            if (digest !== null && isKey && first === undefined) {
              seen.set(digest, written);
            }
            return first === undefined
              ? []
              : [atKey(path, `${written} is the same as ${first}.`, "Make a key of its own for each.")];
          });
        },
      },
      {
        id: "models.long_timeout",
        severity: "info",
        title: "A call of a model may take very long",
        why: "Calls that hang hold connections and budgets.",
        run: ({ configuration: { config } }) =>
          config.models.timeout > HOUR_MS
            ? [
                atKey(
                  ["models", "timeout"],
                  `models.timeout is ${Math.round(config.models.timeout / 60_000)} minutes.`,
                  "Use 10m.",
                  { command: "openclaw config set models.timeout 10m" },
                ),
              ]
            : [],
      },
      {
        id: "models.calls_kept_short",
        severity: "info",
        title: "The list of calls is kept for a short time",
        why: "What a stolen key spent is asked about weeks later.",
        run: ({ configuration: { config } }) =>
          config.models.keepCalls < SHORT_KEEP_MS
            ? [
                atKey(
                  ["models", "keepCalls"],
                  `models.keepCalls is ${Math.round(config.models.keepCalls / DAY_MS)} days.`,
                  "Keep them for 90 days or more.",
                  { command: "openclaw config set models.keepCalls 400d" },
                ),
              ]
            : [],
      },
      {
        id: "models.agent_tokens",
        severity: "warn",
        title: "One question may use very many tokens",
        why: "A loop in one answer can cost as much as a month.",
        run: ({ configuration: { config } }) => [
          ...Object.entries(config.agents).flatMap(([agent, { maxTokens }]) =>
            maxTokens > MANY_TOKENS
              ? [
                  atKey(
                    ["agents", agent, "maxTokens"],
                    `${agent} may use ${maxTokens} tokens for one question.`,
                    "Lower it to what an answer needs.",
                    { command: `openclaw config set ${shellWord(`agents.${agent}.maxTokens`)} 100000` },
                  ),
                ]
              : [],
          ),
          ...Object.entries(config.security.sandboxing.profiles).flatMap(([profile, { models }]) =>
            models.maxTokens > MANY_TOKENS
              ? [
                  atKey(
                    ["security", "sandboxing", "profiles", profile, "models", "maxTokens"],
                    `One run of ${profile} may use ${models.maxTokens} tokens.`,
                    "Lower it to what a run needs.",
                  ),
                ]
              : [],
          ),
        ],
      },
      {
        id: "models.agent_memory_long",
        severity: "info",
        title: "An agent remembers for a long time",
        why: "What somebody wrote once stays, is sent to the provider again, and is there for whoever gets at the database.",
        run: ({ configuration: { config } }) =>
          Object.entries(config.agents).flatMap(([agent, { memory }]) =>
            memory !== undefined && memory.retention > LONG_MEMORY_MS
              ? [
                  atKey(
                    ["agents", agent, "memory", "retention"],
                    `${agent} keeps what was said for ${Math.round(memory.retention / DAY_MS)} days.`,
                    "Keep it as long as conversations last.",
                    { command: `openclaw config set ${shellWord(`agents.${agent}.memory.retention`)} 30d` },
                  ),
                ]
              : [],
          ),
      },
    ],
  ),
  ...checksOf(
    "models",
    ["models"],
    [
      {
        id: "models.price_unknown",
        severity: "warn",
        title: "Models are called whose price is not known",
        why: "Their cost is counted as nothing: reports and budgets in money are wrong.",
        run: ({ models: { unpriced } }) =>
          unpriced.map(({ model, calls }) => ({
            subject: `model ${model}`,
            evidence: `${calls} calls of ${model} in the last 30 days have no cost.`,
            fix: "Write its price in models.prices.",
            command: `openclaw config set ${shellWord(`models.prices["${model}"]`)} '{input:0,output:0}'`,
          })),
      },
    ],
  ),
];
