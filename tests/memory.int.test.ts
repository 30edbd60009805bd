/** Agents that remember, through the whole product: the answer of a real container is in the next question, and only in its sender's. */
import { afterAll, beforeAll, beforeEach, expect, it, vi } from "vitest";
import { callApi } from "./support/api-client.ts";
import { startFakeProvider, type FakeProvider } from "./support/fake-provider.ts";
import { startProduct, type Product } from "./support/product.ts";

const MINUTE = 60_000;
const COMMAND = `import json, os, sys; question, path = sys.stdin.read(), os.environ.get("OPENCLAW_HISTORY"); print(question, "after", json.dumps([turn["content"] for turn in json.load(open(path))]) if path else "nothing")`;
let product: Product;
let provider: FakeProvider;

beforeAll(async () => {
  provider = await startFakeProvider();
  const at = (type: string) => ({ type, baseUrl: provider.baseUrl, apiKey: "sk-test-0000000000000000" });
  const config = {
    security: { encryption: { messages: { enabled: true } } },
    models: { providers: { fake: at("openai"), claude: at("anthropic") } },
    agents: {
      default: { model: "fake/small", memory: { turns: 3 } },
      claude: { model: "claude/large", memory: { turns: 3 } },
      plain: { model: "fake/small" },
      own: { model: "fake/small", memory: { turns: 3 }, command: ["python3", "-c", COMMAND] },
    },
  };
  product = await startProduct(JSON.stringify(config));
  // The server hears of the first token within a second.
  await vi.waitFor(async () => {
    expect((await callApi(product.url, "/api/v1/whoami", { token: product.token })).status).toBe(200);
  }, 5_000);
}, 2 * MINUTE);
afterAll(async () => {
  await product.stop();
  await provider.close();
}, MINUTE);
beforeEach(async () => {
  provider.requests.length = 0;
  await product.sql("TRUNCATE conversation_turn");
});

async function ask(text: string, user = "ana"): Promise<string> {
  const body = { text, user };
  const answer = await callApi(product.url, "/api/v1/messages", { method: "POST", token: product.token, body });
  expect(answer.status, answer.text).toBe(200);
  return answer.body?.reply?.text ?? "";
}

/** What the model was given last, without what every question begins with. */
const given = () => {
  const { messages } = provider.requests.at(-1)?.body as { messages: { role: string; content: string }[] };
  return messages.filter(({ role }) => role !== "system").map(({ role, content }) => [role, content]);
};

it.each(["default", "claude"])(
  "@%s: a question goes with the earlier turns of its sender, nobody else's, until they are forgotten",
  async (agent) => {
    const to = (text: string) => `/ask @${agent} ${text}`;
    provider.script({ text: "Blue, then." });
    await ask(to("My memory-canary is blue."));
    provider.script({ text: "It was blue." });
    await ask(to("Which was it?"));
    expect(given()).toEqual([
      ["user", "My memory-canary is blue."],
      ["assistant", "Blue, then."],
      ["user", "Which was it?"],
    ]);
    const stored = await product.sql<{ role: string }>(
      "SELECT * FROM conversation_turn ORDER BY created_at, role DESC",
    );
    expect(stored.map(({ role }) => role)).toEqual(["user", "assistant", "user", "assistant"]);
    expect(JSON.stringify(stored)).not.toMatch(/memory-canary|blue/i);

    await ask(to("Which was it?"), "bob");
    expect(given()).toEqual([["user", "Which was it?"]]);
    expect(await ask("/forget")).toBe("Forgotten: 4 messages, yours and the answers.");
    await ask(to("Which was it?"));
    expect(given()).toEqual([["user", "Which was it?"]]);
    expect(await product.sql("SELECT FROM run WHERE history IS NOT NULL")).toEqual([]);
  },
  2 * MINUTE,
);

it(
  "what failed is not remembered, nor anything of an agent without memory",
  async () => {
    provider.script({ text: " " });
    expect(await ask("/ask does this work?")).toContain("[failed:");
    await ask("/ask @plain hello");
    expect(await product.sql("SELECT FROM conversation_turn")).toEqual([]);
    await ask("/ask and now?");
    expect(given()).toEqual([["user", "and now?"]]);
  },
  MINUTE,
);

it(
  "an agent of one's own finds them in a file, beside a question that is as it was asked",
  async () => {
    expect(await ask("/ask @own one")).toBe("one after nothing");
    expect(await ask("/ask @own '; two")).toBe(`'; two after ["one", "one after nothing"]`);
  },
  MINUTE,
);
