/** A running gateway for official SDKs: a token with the right to call models, one without, and a fake provider of each API behind. */
import { startFakeProvider, type FakeProvider } from "./fake-provider.ts";
import { startServer, type TestServer } from "./server.ts";

export interface SdkGateway {
  server: TestServer;
  fake: FakeProvider;
  token: string;
  /** Of somebody who may not call models. */
  powerless: string;
  close(): Promise<void>;
}

/** Providers: `fake` speaks the OpenAI API, `claude` the Anthropic API, `google` is the built-in one at another place. Nothing is tried again. */
export async function startSdkGateway(): Promise<SdkGateway> {
  const fake = await startFakeProvider();
  const { baseUrl } = fake;
  const providers = {
    fake: { type: "openai", baseUrl, apiKey: "key-of-fake" },
    claude: { type: "anthropic", baseUrl, apiKey: "key-of-claude" },
    google: { baseUrl, apiKey: "key-of-google" },
  };
  const prices = { "fake/m": { input: 1, output: 2 }, "claude/m": { input: 1, output: 2 } };
  const server = await startServer(JSON.stringify({ models: { providers, prices, retries: { count: 0 } } }));
  const { token } = await server.token({ name: "sdk", role: "admin" });
  const { token: powerless } = await server.token({ name: "powerless", role: "readonly", ownerId: "reader" });
  return {
    server,
    fake,
    token,
    powerless,
    async close() {
      await server.stop();
      await fake.close();
    },
  };
}

/** Within a second: what was cut here is cut at the provider. */
export async function goneWithin(fake: FakeProvider, ms = 1_000): Promise<boolean> {
  const last = fake.requests.at(-1);
  if (last === undefined) {
    return false;
  }
  const { promise: over, resolve } = Promise.withResolvers<false>();
  const timer = setTimeout(() => resolve(false), ms);
  const gone = await Promise.race([last.gone.then(() => true), over]);
  clearTimeout(timer);
  return gone;
}
