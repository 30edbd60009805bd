/**
 * Slack, WhatsApp, Discord and a signed webhook while the server is killed without notice, in the middle of sending on each of them: every
 * delivery that was taken is answered exactly once or has visibly failed, and none is lost. What got no answer is delivered again, but by
 * Discord, which never does. Telegram has a trial of its own (channel-kill.int.test.ts).
 */
import { afterAll, beforeAll, expect, it } from "vitest";
import { postHook } from "./support/hook-post.ts";
import { startPlatforms, type AnyPlatform, type Platforms, type Signed } from "./support/hook-platforms.ts";
import { startServer, type TestServer } from "./support/server.ts";

const NAMES = ["slack", "whatsapp", "discord", "webhook"] as const satisfies AnyPlatform[];
type Name = (typeof NAMES)[number];

/** Deliveries of each platform, each of a sender of its own, so that what a sender is told answers one. */
const EACH = 200;
const KILL_AFTER = 300;
const CALLERS = 16;

const SENDER: Record<Name, (n: number) => string> = {
  slack: (n) => `U0KILL${String(n).padStart(4, "0")}`,
  whatsapp: (n) => `49151${String(n).padStart(8, "0")}`,
  discord: (n) => String(63_908_232_506_180_000n + BigInt(n)),
  webhook: (n) => `sender-${n}`,
};

interface Entry {
  name: Name;
  sender: string;
  message: Signed;
  /** Whether the platform was told that it was taken. */
  taken: boolean;
}

let platforms: Platforms;
let second: TestServer | undefined;

beforeAll(async () => {
  const senders = (name: Name) => Array.from({ length: EACH }, (_, n) => SENDER[name](n));
  platforms = await startPlatforms("", {}, Object.fromEntries(NAMES.map((name) => [name, senders(name)])));
}, 60_000);
afterAll(async () => {
  await second?.stop();
  await platforms.stop();
});

/** Kills the server while each platform has an answer in its hands, and starts another. @returns its address */
async function killInTheMiddle(): Promise<string> {
  const { server, all } = platforms;
  const held = NAMES.map((name) => all[name].fake.hold());
  await expect
    .poll(() => Math.min(...held.map((hold) => hold.waiting())), { timeout: 30_000, interval: 10 })
    .toBeGreaterThan(0);
  const gone = new Promise((resolve) => server.process.once("exit", resolve));
  server.process.kill("SIGKILL");
  await gone;
  held.forEach((hold) => hold.release());
  second = await startServer(undefined, { sharing: server });
  return second.url;
}

it("kill -9 in the middle of sending, on four platforms: each answered exactly once or visibly failed, none lost", async () => {
  const { server, all, discord } = platforms;
  const entries = Array.from({ length: EACH }, (_, n) =>
    NAMES.map((name): Entry => {
      const sender = SENDER[name](n);
      return { name, sender, message: all[name].message(sender, "/help"), taken: false };
    }),
  ).flat();
  const { promise: back, resolve: isBack, reject: isNotBack } = Promise.withResolvers<string>();
  let base = server.url;
  let taken = 0;
  let cut = 0;

  const post = async ({ name, message }: Entry): Promise<boolean> => {
    try {
      const { status } = await postHook(`${base}/hooks/${name}`, message.body, message.headers());
      return status === all[name].taken;
    } catch {
      return false;
    }
  };
  const deliver = async (entry: Entry): Promise<void> => {
    entry.taken = await post(entry);
    if (!entry.taken) {
      cut += 1;
      base = await back;
      entry.taken = entry.name !== "discord" && (await post(entry));
    }
  };
  const waiting = [...entries];
  const caller = async (): Promise<void> => {
    for (let entry = waiting.shift(); entry !== undefined; entry = waiting.shift()) {
      await deliver(entry);
      taken += 1;
      if (taken === KILL_AFTER) {
        void killInTheMiddle().then(isBack, isNotBack);
      }
    }
  };
  await Promise.all(Array.from({ length: CALLERS }, caller));
  await back;

  const open = "SELECT count(*)::int AS n FROM channel_delivery WHERE finished_at IS NULL";
  await expect
    .poll(async () => (await server.sql<{ n: number }>(open))[0]?.n, { timeout: 90_000, interval: 100 })
    .toBe(0);
  const rows = await server.sql<{
    channel: Name;
    event_id: string;
    state: string;
    reason: string | null;
    attempt: number;
  }>("SELECT channel, event_id, state, reason, attempt FROM channel_delivery");
  const rowOf = new Map(rows.map((row) => [`${row.channel} ${row.event_id}`, row]));
  const outcomes = entries.map(({ name, sender, message, taken: isTaken }) => {
    const row = rowOf.get(`${name} ${message.eventId}`);
    const { state, reason } = row ?? { state: "never taken", reason: null };
    return { name, eventId: message.eventId, isTaken, state, reason, told: all[name].told(sender).length };
  });

  const isRight = ({ name, isTaken, state, reason, told }: (typeof outcomes)[number]): boolean => {
    switch (state) {
      case "answered":
        return told === 1;
      case "failed":
        // Who knows a repeat by its id is asked again instead.
        return reason === "may_have_arrived" && told <= 1 && !all[name].knowsRepeats;
      default:
        // Discord shows its user that the command failed.
        return state === "never taken" && !isTaken && name === "discord" && told === 0;
    }
  };
  expect(outcomes.filter((outcome) => !isRight(outcome))).toEqual([]);
  // Where the kill came in the middle of, or the trial has shown nothing.
  const takenUpAgain = NAMES.map((name) => rows.filter((row) => row.channel === name && row.attempt > 1).length);
  expect(Math.min(...takenUpAgain)).toBeGreaterThan(0);
  expect(cut).toBeGreaterThan(0);
  const failed = outcomes.filter(({ state }) => state === "failed").length;
  expect(failed).toBeGreaterThan(0);
  expect(failed).toBeLessThanOrEqual(24);
  // Nobody is left looking at "… is thinking" of what was taken.
  const neverTaken = outcomes.filter(({ name, state }) => name === "discord" && state === "never taken");
  expect(discord.thinking.size).toBe(neverTaken.length);
  process.stdout.write(
    `${entries.length} deliveries; taken up again ${takenUpAgain.join("/")}, failed ${failed}, cut off ${cut}\n`,
  );
}, 200_000);
