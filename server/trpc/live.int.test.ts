/** Live procedures as a browser meets them: over HTTP, with real sessions in a real database. */
import { tracked } from "@trpc/server";
import { fetchRequestHandler } from "@trpc/server/adapters/fetch";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { z } from "zod";
import { testLocks } from "../../tests/support/locks.ts";
import { startAuthServices, type AuthTestServices } from "../../tests/support/auth-services.ts";
import { addMember, signInMember } from "../../tests/support/members.ts";
import { createLiveStreams, type LiveStreams } from "#server/auth/index.ts";
import { signOut } from "#server/auth/end-sessions.ts";
import { MAX_LIVE_STREAMS } from "#server/auth/live-streams.ts";
import { findSession, type ConsoleSession } from "#server/auth/session.ts";
import { AppError } from "#server/core/errors.ts";
import type { AppServices } from "#server/services.ts";
import type { ConsoleContext } from "#server/trpc/context.ts";
import { router } from "#server/trpc/init.ts";
import { LastEventId, live, liveOutput } from "#server/trpc/live.ts";
import { withPermission } from "#server/trpc/procedures.ts";

const LOOK_MS = 50;

/** What producers have seen of their ends. */
let freed = 0;
const bells = new Set<() => void>();
/** Lets every producer go on to its next value. */
const ring = (): void => bells.forEach((bell) => bell());
const Input = z.strictObject({ lastEventId: LastEventId, secret: z.boolean().optional() });

const testRouter = router({
  numbers: withPermission("runs", "read")
    .input(Input)
    .output(liveOutput(z.object({ n: z.number() })))
    .subscription(
      live(async function* ({ input, signal, requires }) {
        if (input.secret === true) {
          requires("runs:read_all");
        }
        try {
          for (let n = Number(input.lastEventId ?? 0) + 1; !signal.aborted; n += 1) {
            yield tracked(String(n), { n, hidden: "not in the schema" });
            await new Promise<void>((resolve) => {
              bells.add(resolve);
              signal.addEventListener("abort", () => resolve(), { once: true });
            });
          }
        } finally {
          freed += 1;
        }
      }),
    ),
});

let services: AuthTestServices;
let streams: LiveStreams;
let drain: AbortController;
/** What the session's role allows; a test takes from it. */
let permissions: readonly string[];
let storeDown = false;
let addresses = 0;

beforeAll(async () => {
  services = await startAuthServices();
});
afterAll(() => services.close());
beforeEach(() => {
  drain = new AbortController();
  streams = createLiveStreams({ locks: testLocks() }, drain.signal, LOOK_MS);
  permissions = ["runs:read", "runs:read_all"];
  storeDown = false;
  freed = 0;
});

async function newSession(): Promise<string> {
  addresses += 1;
  const origin = { address: `192.0.2.${addresses}`, requestId: "req_1", userAgent: null };
  return signInMember(services, await addMember(services), origin);
}

async function contextOf(sessionId: string): Promise<ConsoleContext> {
  const reauthenticate = async (): Promise<ConsoleSession | null> => {
    if (storeDown) {
      throw new AppError("STORE_UNAVAILABLE", "The database does not answer.");
    }
    const session = await findSession(services, sessionId, { active: false });
    return session === null ? null : { ...session, permissions };
  };
  return {
    services: { ...services, live: streams } as unknown as AppServices,
    origin: { address: "192.0.2.1", requestId: "req_1", userAgent: null },
    session: await reauthenticate(),
    reauthenticate,
  };
}

interface Opened {
  /** Reads until the text so far holds `part`, or the stream ends; returns all text so far. */
  until(part: string): Promise<string>;
  /** All text of a stream that ends by itself. */
  rest(): Promise<string>;
  leave(): void;
}

async function open(sessionId: string, input: z.input<typeof Input> = {}, lastEventId?: string): Promise<Opened> {
  const client = new AbortController();
  const url = `http://127.0.0.1/api/trpc/numbers?input=${encodeURIComponent(JSON.stringify({ json: input }))}`;
  const response = await fetchRequestHandler({
    endpoint: "/api/trpc",
    req: new Request(url, {
      signal: client.signal,
      headers: lastEventId === undefined ? {} : { "last-event-id": lastEventId },
    }),
    router: testRouter,
    createContext: () => contextOf(sessionId),
  });
  const reader = response.body?.getReader();
  const decoder = new TextDecoder();
  let text = "";
  async function until(part: string | null): Promise<string> {
    while (part === null || !text.includes(part)) {
      const step = await reader?.read().catch(() => undefined);
      if (step === undefined || step.done) {
        return text;
      }
      text += decoder.decode(step.value, { stream: true });
    }
    return text;
  }
  return {
    until,
    rest: () => until(null),
    leave: () => client.abort(),
  };
}

const errorIn = (text: string): unknown => {
  const line = /event: serialized-error\ndata: (.+)/.exec(text)?.[1] ?? "{}";
  return (JSON.parse(line) as { json?: unknown }).json;
};

test("values come one by one with their ids, held to the schema, and a new connection resumes behind the last one", async () => {
  const sessionId = await newSession();
  const first = await open(sessionId);
  await first.until("id: 1\n");
  ring();
  const text = await first.until("id: 2\n");
  expect(text).toContain('{"n":2}');
  expect(text).not.toContain("not in the schema");
  first.leave();
  const second = await open(sessionId, {}, "2");
  expect(await second.until("id: 3\n")).not.toContain("id: 2\n");
  second.leave();
});

test("AUTH-10 a session that is ended cuts its streams within moments, with an error that a page does not retry", async () => {
  const sessionId = await newSession();
  const other = await open(await newSession());
  const stream = await open(sessionId);
  await Promise.all([stream.until("id: 1\n"), other.until("id: 1\n")]);
  await signOut(services, sessionId);
  expect(errorIn(await stream.rest())).toMatchObject({
    code: -32001,
    message: "Your session has ended. Sign in again.",
    data: { appCode: "UNAUTHENTICATED", httpStatus: 401 },
  });
  expect([freed, streams.count()]).toEqual([1, 1]);
  ring();
  expect(await other.until("id: 2\n")).toContain("id: 2\n");
  other.leave();
});

test("ACC-4 a permission that is lost ends the streams that need it, also one asked for on the way; others go on", async () => {
  const sessionId = await newSession();
  const [plain, secret] = [await open(sessionId), await open(sessionId, { secret: true })];
  await Promise.all([plain.until("id: 1\n"), secret.until("id: 1\n")]);
  permissions = ["runs:read"];
  expect(errorIn(await secret.rest())).toMatchObject({
    data: { appCode: "FORBIDDEN", httpStatus: 403 },
    message: 'Your role has lost the permission "runs:read_all". Ask an administrator for it.',
  });
  expect(streams.count()).toBe(1);
  permissions = [];
  expect(errorIn(await plain.rest())).toMatchObject({ data: { appCode: "FORBIDDEN" } });
  expect([freed, streams.count()]).toEqual([2, 0]);
});

test("an announced change is looked at now, not at the next turn", async () => {
  streams = createLiveStreams({ locks: testLocks() }, drain.signal, 3_600_000);
  const stream = await open(await newSession());
  await stream.until("id: 1\n");
  permissions = [];
  streams.look();
  expect(errorIn(await stream.rest())).toMatchObject({ data: { appCode: "FORBIDDEN" } });
});

test("nobody goes on on a guess: a store that does not answer ends the stream with what a page retries", async () => {
  const stream = await open(await newSession());
  await stream.until("id: 1\n");
  storeDown = true;
  expect(errorIn(await stream.rest())).toMatchObject({ data: { appCode: "STORE_UNAVAILABLE" } });
});

test("a client that leaves frees the producer and its place", async () => {
  const stream = await open(await newSession());
  await stream.until("id: 1\n");
  stream.leave();
  await expect.poll(() => [freed, streams.count()]).toEqual([1, 0]);
});

test("one session holds a few streams at a time; the next is refused, and another session's is not", async () => {
  const sessionId = await newSession();
  const held = await Promise.all(Array.from({ length: MAX_LIVE_STREAMS }, () => open(sessionId)));
  await Promise.all(held.map((stream) => stream.until("id: 1\n")));
  expect(errorIn(await (await open(sessionId)).rest())).toMatchObject({
    code: -32029,
    data: { appCode: "RATE_LIMITED" },
  });
  const other = await open(await newSession());
  expect(await other.until("id: 1\n")).toContain("id: 1\n");
  held[0]?.leave();
  await expect.poll(() => streams.count()).toBe(MAX_LIVE_STREAMS);
  const next = await open(sessionId);
  expect(await next.until("id: 1\n")).toContain("id: 1\n");
  [next, other, ...held].forEach((stream) => stream.leave());
});

test("a server that stops ends its streams with what a page retries, and opens none", async () => {
  const sessionId = await newSession();
  const stream = await open(sessionId);
  await stream.until("id: 1\n");
  drain.abort();
  expect(errorIn(await stream.rest())).toMatchObject({ code: -32603, data: { appCode: "BUSY" } });
  expect(errorIn(await (await open(sessionId)).rest())).toMatchObject({ data: { appCode: "BUSY" } });
  expect([freed, streams.count()]).toEqual([1, 0]);
});

test("without a session or the permission there is no stream at all", async () => {
  permissions = ["overview:read"];
  const sessionId = await newSession();
  expect(errorIn(await (await open(sessionId)).rest())).toMatchObject({
    data: { appCode: "FORBIDDEN" },
  });
  const nobody = await open("no-such-session");
  expect(errorIn(await nobody.rest())).toMatchObject({ data: { appCode: "UNAUTHENTICATED" } });
  expect(streams.count()).toBe(0);
});
