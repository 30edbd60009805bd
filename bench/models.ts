/**
 * P-GW-2 … P-GW-6: `POST /v1/chat/completions` with everything on (token, policy, allow-list, limits, a budget, list of calls, durable audit)
 * against a bare pass-through of node and undici and against Portkey, which has none of it; in front of a mock provider, all as processes
 * of their own on this machine, loaded in turns, medians of the rounds. One JSON line per figure.
 * `--without-budget` leaves the budget out. `--seconds N --rounds N` make it shorter; figures of fewer than five rounds are no measurement.
 */
import type { ChildProcess } from "node:child_process";
import { rmSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { makeHome, startGateway } from "./support/gateway.ts";
import { latencies, measure, start, stop, streams, type Figure } from "./support/load.ts";
import { portkeyHeaders, startPortkey } from "./support/portkey.ts";
import { median, quantile } from "./support/statistics.ts";
import { startMigratedCluster } from "../tests/support/cluster.ts";
import { mintToken } from "../tests/support/mint-token.ts";
import { childEnvironment } from "#server/core/env.ts";

const { values } = parseArgs({
  options: { seconds: { type: "string" }, rounds: { type: "string" }, "without-budget": { type: "boolean" } },
});
/** A budget costs one statement before each call. */
const BUDGET =
  values["without-budget"] === true
    ? ""
    : '{ scope: "token", name: "bench", period: "30d", maxTokens: 1000000000000, maxCost: 1000000 }';
const SECONDS = Number(values.seconds ?? 5);
const ROUNDS = Number(values.rounds ?? 5);
const PATH = "/v1/chat/completions";
const LIMIT = "{ windowMs: 900000, maxRequests: 100000000 }";
const CALLS_IN_TURN = 200;
const STREAMS = 16;
const STREAMS_AT_ONCE = 1_000;

interface Peer {
  url: string;
  headers: Record<string, string>;
  /** Name of the model there. */
  model: string;
}

const children: ChildProcess[] = [];
const launch = async (file: string, args: string[]): Promise<string> => {
  const { child, port } = await start(file, args, childEnvironment({}));
  children.push(child);
  return `http://127.0.0.1:${port}`;
};
const bodyOf = (model: string, stream: boolean): string =>
  JSON.stringify({
    model,
    messages: [{ role: "user", content: "Say hello." }],
    max_tokens: 50,
    ...(stream ? { stream } : {}),
  });
const say = (figure: object): void => console.log(JSON.stringify({ ...figure, budget: BUDGET !== "", rounds: ROUNDS }));
const round3 = (value: number): number => Number(value.toFixed(3));

async function throughput(peer: Peer, connections: number, stream: boolean, seconds = SECONDS): Promise<Figure> {
  return measure(peer.url + PATH, { headers: peer.headers, body: bodyOf(peer.model, stream), connections, seconds });
}

/** The same load on each, in turns. */
async function inTurns<Name extends string, Result>(
  peers: Readonly<Record<Name, Peer>>,
  load: (peer: Peer) => Promise<Result>,
): Promise<Record<Name, Result>[]> {
  const rounds: Record<Name, Result>[] = [];
  for (let turn = 0; turn < ROUNDS; turn += 1) {
    const results = {} as Record<Name, Result>;
    for (const [name, peer] of Object.entries(peers) as [Name, Peer][]) {
      results[name] = await load(peer);
    }
    rounds.push(results);
  }
  return rounds;
}

async function main(): Promise<void> {
  const database = await startMigratedCluster({ durable: true });
  const home = makeHome();
  try {
    const [quick, slow, paced] = await Promise.all([
      launch("bench/support/mock-provider.ts", ["0", "0", "10"]),
      launch("bench/support/mock-provider.ts", ["20", "0", "10"]),
      launch("bench/support/mock-provider.ts", ["20", "100", "10"]),
    ]);
    const provider = (url: string): string => `{ type: "openai", baseUrl: "${url}/v1", apiKey: "mock" }`;
    writeFileSync(
      home.configFile,
      `{
        gateway: { maxConnectionsPerAddress: 5000 },
        security: { rateLimit: { global: ${LIMIT}, perUser: ${LIMIT}, perChannel: ${LIMIT} } },
        models: {
          providers: { quick: ${provider(quick)}, slow: ${provider(slow)}, paced: ${provider(paced)} },
          access: { admin: ["quick/*", "slow/*", "paced/*"] },
          prices: { "*": { input: 1, output: 2 } },
          budgets: [${BUDGET}],
        },
      }`,
      { mode: 0o600 },
    );
    const gateway = await startGateway(home, database);
    children.push(gateway.child);
    const token = await mintToken(home, database);
    const portkey = await startPortkey();
    children.push(portkey.child);
    const json = { "content-type": "application/json" };
    const ours = (name: string): Peer => ({
      url: `http://127.0.0.1:${gateway.port}`,
      headers: { ...json, authorization: `Bearer ${token}` },
      model: `${name}/small`,
    });
    const theirs = (url: string): Peer => ({
      url: `http://127.0.0.1:${portkey.port}`,
      headers: { ...json, authorization: "Bearer mock", ...portkeyHeaders(url) },
      model: "small",
    });
    const straight = (url: string): Peer => ({
      url,
      headers: { ...json, authorization: "Bearer mock" },
      model: "small",
    });
    const bare = straight(await launch("bench/support/bare-proxy.ts", [quick]));
    await untilAnswered(ours("quick"));

    const quickPeers = { gateway: ours("quick"), bare, portkey: theirs(quick) };
    for (const stream of [false, true]) {
      for (const connections of [1, 16, 64]) {
        for (const peer of Object.values(quickPeers)) {
          await throughput(peer, connections, stream, 1);
        }
        const rounds = await inTurns(quickPeers, (peer) => throughput(peer, connections, stream));
        const of = (pick: (one: (typeof rounds)[number]) => number): number => round3(median(rounds.map(pick)));
        const facts = { connections, stream };
        const perSecond = {
          gateway: of((one) => one.gateway.requestsPerSecond),
          bare: of((one) => one.bare.requestsPerSecond),
          portkey: of((one) => one.portkey.requestsPerSecond),
        };
        say({ id: "P-GW", figure: "requests/s", ...facts, ...perSecond });
        const vsBare = of((one) => one.gateway.requestsPerSecond / one.bare.requestsPerSecond);
        const vsPortkey = of((one) => one.gateway.requestsPerSecond / one.portkey.requestsPerSecond);
        const p99 = of((one) => one.gateway.p99Ms / one.portkey.p99Ms);
        const is16 = connections === 16 && !stream;
        say({
          id: is16 ? "P-GW-2" : "P-GW",
          figure: "vs bare",
          ...facts,
          ratio: vsBare,
          ...(is16 ? { goal: 0.7, floor: 0.4 } : {}),
        });
        say({
          id: is16 ? "P-GW-3" : "P-GW",
          figure: "vs Portkey",
          ...facts,
          ratio: vsPortkey,
          ...(is16 ? { goal: 8, floor: 5 } : {}),
        });
        if (connections === 64 && !stream) {
          say({ id: "P-GW-5", figure: "p99 vs Portkey", ...facts, ratio: p99, goal: 0.2, floor: 0.4 });
        }
      }
    }

    const slowPeers = { gateway: ours("slow"), portkey: theirs(slow), straight: straight(slow) };
    const added = await inTurns(slowPeers, ({ url, headers, model }) =>
      latencies(url + PATH, { headers, body: bodyOf(model, false), count: CALLS_IN_TURN }),
    );
    for (const [name, at, goal] of [
      ["added p50 vs Portkey's", 0.5, 0.25],
      ["added p99 vs Portkey's", 0.99, 0.2],
    ] as const) {
      const over = (who: "gateway" | "portkey"): number =>
        median(added.map((one) => quantile(one[who], at) - quantile(one.straight, at)));
      const figures = { gatewayMs: round3(over("gateway")), portkeyMs: round3(over("portkey")) };
      say({
        id: "P-GW-4",
        figure: name,
        ...figures,
        ratio: round3(over("gateway") / over("portkey")),
        goal,
        floor: 0.4,
      });
    }

    const first = await inTurns({ gateway: ours("slow"), straight: straight(slow) }, ({ url, headers, model }) =>
      streams(url + PATH, { headers, body: bodyOf(model, true), atOnce: STREAMS, count: STREAMS * 20 }),
    );
    const addedMs = median(
      first.map((one) => quantile(one.gateway.firstMs, 0.99) - quantile(one.straight.firstMs, 0.99)),
    );
    say({
      id: "P-GW-6",
      figure: "added time to first token, p99, 16 streams",
      addedMs: round3(addedMs),
      goal: 2,
      floor: 5,
    });
    const { url, headers, model } = ours("paced");
    const crowd = await streams(url + PATH, {
      headers,
      body: bodyOf(model, true),
      atOnce: STREAMS_AT_ONCE,
      count: STREAMS_AT_ONCE,
    });
    say({
      id: "P-GW-6",
      figure: "1,000 paced streams at once",
      whole: crowd.whole,
      lost: STREAMS_AT_ONCE - crowd.whole,
      goal: 0,
    });
  } finally {
    await Promise.all(
      children.filter(({ exitCode, signalCode }) => exitCode === null && signalCode === null).map(stop),
    );
    await database.stop();
    rmSync(home.home, { recursive: true, force: true });
  }
}

/** The token is known to the running gateway a moment after it was made. */
async function untilAnswered({ url, headers, model }: Peer): Promise<void> {
  for (;;) {
    const { status } = await fetch(url + PATH, { method: "POST", headers, body: bodyOf(model, false) });
    if (status === 200) {
      return;
    }
  }
}

await main();
