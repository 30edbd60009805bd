/** `models`, `agents`: which models there are, and who answers `/ask`. */
import { z } from "zod";
import { dictionary, duration, name, secret, text, wholeNumber } from "#server/config/schema/fields.ts";
import { ModelAccess, ModelBudgets, ModelPrices } from "#server/config/schema/models.ts";
import { httpUrl } from "#server/config/schema/http-url.ts";
import { DAY, MINUTE, SECOND } from "#server/config/units.ts";

const providerName = z
  .string()
  .regex(/^[a-z0-9][a-z0-9_-]{0,31}$/, { error: "must be a name of lower-case letters, digits, _ and -" });

const modelName = z
  .string()
  .regex(/^[a-z0-9][a-z0-9_-]{0,31}\/[A-Za-z0-9][A-Za-z0-9._:/-]{0,127}$/, {
    error: 'must be "provider/model", such as "anthropic/claude-sonnet-4-5"',
  })
  .meta({ type: "provider/model" });

const Provider = z.strictObject({
  type: z
    .enum(["openai", "anthropic"])
    .optional()
    .describe("The API it speaks; needed for every provider but `openai`, `anthropic` and `google`."),
  baseUrl: httpUrl().optional().describe("Where it is, up to what comes before `/chat/completions` or `/messages`."),
  apiKey: secret()
    .optional()
    .describe("Its key, where `security.apiKeys` has none for it. A local model server may need none."),
});

export const Models = z
  .strictObject({
    providers: dictionary(Provider, providerName)
      .prefault({})
      .describe(
        "Providers beside `anthropic`, `openai` and `google`, which are there when `security.apiKeys` has their key; or other places for these.",
      ),
    retries: z
      .strictObject({
        count: wholeNumber({ min: 0, max: 10 })
          .prefault(1)
          .describe("Times a model is tried again after a failure that may pass. 0: never."),
        delay: duration({ min: 0, max: MINUTE })
          .prefault("500ms")
          .describe(
            "Pause before the first repetition, doubled for each further one; up to half of it is left to chance.",
          ),
        maxDelay: duration({ min: 0, max: 10 * MINUTE })
          .prefault("2s")
          .describe(
            "Longest pause, also where a provider asks for a longer one: then the next model is asked, or the failure answered.",
          ),
      })
      .prefault({})
      .describe(
        "Repetition of calls whose provider could not be reached, was too busy or failed, as long as nothing of an answer was passed on.",
      ),
    fallback: dictionary(z.array(modelName).min(1).max(10).meta({ type: "list of provider/model" }), modelName)
      .prefault({})
      .describe(
        "Models that are asked instead when one fails so, in order. Only those that the caller may use are; the header `x-openclaw-model` says which one answered.",
      ),
    timeout: duration({ min: SECOND, max: DAY }).prefault("10m").describe("Longest time one call of a model may take."),
    access: ModelAccess,
    prices: ModelPrices,
    budgets: ModelBudgets,
    keepCalls: duration({ min: DAY, max: 3660 * DAY })
      .prefault("400d")
      .describe(
        "How long the list of calls is kept: who, which model, tokens, cost. Not shorter than any budget's period.",
      ),
  })
  .prefault({})
  .describe("Model providers.");

const Memory = z.strictObject({
  turns: wholeNumber({ min: 1, max: 100 }).describe("Earlier questions with their answers that go with a new one."),
  retention: duration({ min: MINUTE, max: 3660 * DAY })
    .prefault("30d")
    .describe("How long they are kept, and no longer."),
});

const Agent = z.strictObject({
  model: modelName
    .optional()
    .describe("Its model. Unset: the usual one of the first of `anthropic`, `openai` and `google` that has a key."),
  profile: name().optional().describe("Sandbox profile it runs in. Unset: the one of its user's role."),
  roles: z
    .array(name())
    .max(10_000)
    .meta({ type: "list of names" })
    .optional()
    .describe("Only these roles may ask it; absent means every role that has `ask`."),
  instructions: text().optional().describe("What it is told before the question."),
  command: z
    .array(text())
    .min(1)
    .max(64)
    .meta({ type: "list of words" })
    .optional()
    .describe(
      "Another agent's program and its words, run in the profile's image with the question on standard input. Unset: the built-in agent.",
    ),
  memory: Memory.optional().describe(
    "What was said before goes with a question: the sender's own turns with this agent in the same conversation. Unset: every question stands alone, and nothing is kept.",
  ),
  maxSteps: wholeNumber({ min: 1, max: 1000 }).prefault(20).describe("Times the built-in agent may ask its model."),
  maxTokens: wholeNumber({ min: 1, max: 1_000_000_000 })
    .prefault(100_000)
    .describe("Tokens, in and out together, that one question may use."),
  timeout: duration({ min: SECOND, max: DAY }).prefault("5m").describe("Time for one question."),
});

export const Agents = dictionary(Agent, providerName)
  .prefault({})
  .describe(
    "Agents by name. `/ask` goes to `default`, `/ask @NAME …` to another; `default` is there also when it is not written.",
  );
