/** Agents without a network, through the whole product: what a question, an SDK and a program with a way out can reach, and what they cannot. */
import { request } from "node:http";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, it, vi } from "vitest";
import { callApi } from "./support/api-client.ts";
import { startFakeProvider, type FakeProvider } from "./support/fake-provider.ts";
import { startProduct, type Product } from "./support/product.ts";

const MINUTE = 60_000;
const KEY = "sk-canary-5f1e0c7a9b";
let product: Product;
let provider: FakeProvider;

beforeAll(async () => {
  provider = await startFakeProvider();
  const at = (type: string) => ({ type, baseUrl: provider.baseUrl, apiKey: KEY });
  const modules = join(process.cwd(), "node_modules");
  const config = {
    security: {
      sandboxing: {
        docker: { volumes: { "/workspace": "/workspace:rw", [modules]: "/mnt/node_modules:ro" } },
        profiles: {
          models: { models: { allowed: ["fake/*", "claude/*"] } },
          poor: { models: { allowed: ["fake/*"], maxTokens: 10 } },
          web: { egress: { domains: ["example.com"] } },
        },
        roles: { admin: ["default", "models", "poor", "web"] },
      },
      fileSystem: { allowedPaths: [modules] },
    },
    models: { providers: { fake: at("openai"), claude: at("anthropic") } },
    agents: {
      default: { model: "fake/small", instructions: "Answer in one line." },
      claude: { model: "claude/large" },
      other: { model: "fake/small", command: ["python3", "-c", "import sys; print('other heard', sys.stdin.read())"] },
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
beforeEach(() => {
  provider.requests.length = 0;
});

interface Reply {
  reply: { text: string };
  runId: string;
  run: { state: string; exitCode: number | null; usage: { modelCalls: number | null; modelTokens: number | null } };
}

async function post<Answer>(path: string, body: object): Promise<Answer> {
  const answer = await callApi(product.url, path, { method: "POST", token: product.token, body });
  expect(answer.status, answer.text).toBe(200);
  return answer.body as Answer;
}

const ask = (text: string) => post<Reply>("/api/v1/messages", { text });
const run = (language: string, code: string, profile: string) =>
  post<Reply>("/api/v1/runs", { language, code, profile });

const recorded = (event: string, target: string) =>
  expect.poll(() =>
    product.sql<{ data: unknown; reason: string | null }>(
      "SELECT data, reason FROM audit_event WHERE event = $1 AND target = $2",
      [event, target],
    ),
  );

it(
  "a question goes to the built-in agent, which works in its container and answers",
  async () => {
    provider.script(
      { toolCalls: [{ name: "shell", arguments: { command: "echo $((6*7)) > n.txt; cat n.txt; ls /sys/class/net" } }] },
      { text: "It is 42." },
    );
    const { reply, runId, run: ended } = await ask("/ask what is six times seven?");
    expect(reply.text).toContain("It is 42.");
    expect(ended).toMatchObject({ state: "succeeded", usage: { modelCalls: 2, modelTokens: 36 } });
    expect(provider.requests.map(({ path, headers }) => [path, headers.authorization])).toEqual([
      ["/v1/chat/completions", `Bearer ${KEY}`],
      ["/v1/chat/completions", `Bearer ${KEY}`],
    ]);
    expect(JSON.stringify(provider.requests[1]?.body)).toMatch(/42.*lo/);
    const transcript = await callApi(product.url, `/api/v1/runs/${runId}/transcript`, { token: product.token });
    expect(transcript.text).toContain("echo $((6*7))");
    await recorded("model.called", runId).toHaveLength(2);
  },
  MINUTE,
);

it(
  "another agent is asked by its name, over the other API; a program of one's own answers by its command",
  async () => {
    provider.script({ text: "Bonjour." });
    expect((await ask("/ask @claude hello")).reply.text).toContain("Bonjour.");
    expect(provider.requests[0]).toMatchObject({ path: "/v1/messages", headers: { "x-api-key": KEY } });
    expect((await ask("/ask @other are you there?")).reply.text).toContain("other heard are you there?");
  },
  MINUTE,
);

const SDK_PROGRAM = `
const { createRequire } = require("node:module");
const load = createRequire("/mnt/index.js");
const OpenAI = load("openai").default, Anthropic = load("@anthropic-ai/sdk").default;
(async () => {
  const openai = new OpenAI(), anthropic = new Anthropic();
  const messages = [{ role: "user", content: "hi" }];
  console.log((await openai.chat.completions.create({ model: "fake/small", messages })).choices[0].message.content);
  let text = "";
  for await (const part of await openai.chat.completions.create({ model: "small", messages, stream: true })) {
    text += part.choices[0].delta.content ?? "";
  }
  console.log(text);
  console.log((await anthropic.messages.create({ model: "claude/large", max_tokens: 100, messages })).content[0].text);
  console.log(await anthropic.messages.stream({ model: "large", max_tokens: 100, messages }).finalText());
  console.log(Object.values(process.env).some((value) => value.includes("${KEY}")));
})();`;

it(
  "the SDKs of OpenAI and Anthropic work unmodified in a container without a network, and see no key",
  async () => {
    const { reply, run: ended } = await run("node", SDK_PROGRAM, "models");
    expect(reply.text).toContain(`${"Hello from the fake.\n".repeat(4)}false`);
    expect(ended.usage).toMatchObject({ modelCalls: 4 });
    expect(provider.requests.map(({ path }) => path)).toEqual([
      "/v1/chat/completions",
      "/v1/chat/completions",
      "/v1/messages",
      "/v1/messages",
    ]);
  },
  MINUTE,
);

const CALL = (model: string) => `
import json, os, urllib.request, urllib.error
body = json.dumps({"model": "${model}", "messages": [{"role": "user", "content": "hi"}], "max_tokens": 5}).encode()
headers = {"authorization": "Bearer " + os.environ["OPENAI_API_KEY"], "content-type": "application/json"}
def call():
    try:
        with urllib.request.urlopen(urllib.request.Request(os.environ["OPENAI_BASE_URL"] + "/chat/completions", body, headers)) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code if error.code < 500 else error.read().decode()
`;

it(
  "a model that is not granted is refused, and so is the call after the budget is gone",
  async () => {
    const foreign = await run("python", `${CALL("claude/large")}\nprint(call())`, "poor");
    expect(foreign.reply.text.trim()).toBe("404");
    expect(provider.requests).toHaveLength(0);
    const spent = await run("python", `${CALL("fake/small")}\nprint([call() for _ in range(3)])`, "poor");
    expect(spent.reply.text).toMatch(/\[(200, )?429, 429(, 429)?\]/);
    await recorded("model.refused", spent.runId).not.toHaveLength(0);
  },
  MINUTE,
);

it(
  "a run without a grant finds no socket, no token and no way out",
  async () => {
    const code = "ls /run/openclaw 2>&1; env | grep -c -E 'OPENAI|ANTHROPIC|PROXY|TOKEN'; ls /sys/class/net";
    const { reply, run: ended } = await run("sh", code, "default");
    expect(reply.text).toMatch(/No such file[^\n]*\n0\nlo/);
    expect(ended.usage).toMatchObject({ modelCalls: null, modelTokens: null });
  },
  MINUTE,
);

it(
  "the way out leads to the listed hosts only: no other name, no address, no metadata service, and each try is on record",
  async () => {
    const code = `
import urllib.request, urllib.error
for url in ["http://169.254.169.254/latest/meta-data", "http://example.org/", "http://10.0.0.1/", "http://sub.example.com/"]:
    try:
        print(urllib.request.urlopen(url).status)
    except urllib.error.HTTPError as error:
        print(error.code)
`;
    const { reply, runId } = await run("python", code, "web");
    expect(reply.text).toContain("403\n403\n403\n403");
    await recorded("egress.refused", runId).not.toHaveLength(0);
  },
  MINUTE,
);

it(
  "FS-1 FS-2 FS-3 FS-5 files come with a run and out of it, each judged by the same rules",
  async () => {
    const body = {
      language: "python",
      code: [
        "import os",
        "text = open('in/größe.txt').read()",
        "os.makedirs('out/deep')",
        "open('out/deep/report.md', 'w').write(text.upper())",
        "open('out/tool.exe', 'w').write('no')",
        "os.symlink('/etc/passwd', 'out/passwd.txt')",
        "open('left.txt', 'w').write('not asked for')",
        "print('done')",
      ].join("\n"),
      files: [{ path: "in/größe.txt", content: Buffer.from("forty-two").toString("base64") }],
      outputs: ["out", "not-there.md"],
    };
    const { reply, runId, run: ended } = await post<Reply>("/api/v1/runs", body);
    expect(reply.text).toBe("done");
    expect(ended).toMatchObject({ state: "succeeded", exitCode: 0 });
    const list = await callApi(product.url, `/api/v1/runs/${runId}/files`, { token: product.token });
    const files = list.body?.["files"] as { id: string; direction: string; path: string; verdict: string }[];
    expect(files.map(({ direction, path, verdict }) => [direction, path, verdict])).toEqual([
      ["input", "in/größe.txt", "stored"],
      ["output", "out/deep/report.md", "stored"],
      ["output", "out/passwd.txt", "refused"],
      ["output", "out/tool.exe", "refused"],
    ]);
    const report = await callApi(product.url, `/api/v1/runs/${runId}/files/${files[1]?.id}`, { token: product.token });
    expect(report.text).toBe("FORTY-TWO");
    await recorded("file.refused", runId).toHaveLength(2);
    const events = await callApi(product.url, `/api/v1/runs/${runId}/events`, { token: product.token });
    expect(events.text).toMatch(/event: file\ndata: .*report\.md/);
  },
  MINUTE,
);

it(
  "a run's token is worth nothing once the run has ended",
  async () => {
    const { reply } = await run("sh", "echo $OPENCLAW_RUN_TOKEN", "models");
    const token = /ocr_\S+/.exec(reply.text)?.[0] ?? "";
    expect(token).not.toBe("");
    const status = await new Promise((resolve, reject) => {
      const headers = { authorization: `Bearer ${token}` };
      const call = { socketPath: join(product.home.runDir, "models.sock"), path: "/v1/models", headers };
      request(call, (response) => resolve(response.resume().statusCode))
        .on("error", reject)
        .end();
    });
    expect(status).toBe(401);
    const asToken = await callApi(product.url, "/api/v1/whoami", { token });
    expect(asToken.status).toBe(401);
  },
  MINUTE,
);
