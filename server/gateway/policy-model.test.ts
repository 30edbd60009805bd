/** Random policies against an independent model: the pure decision, its explanation and the live pipeline say the same. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { testLocks } from "../../tests/support/locks.ts";
import { decide, explain } from "#server/access/index.ts";
import { mergePolicy } from "#server/access/merge-policy.ts";
import type { PolicySnapshot, Principal } from "#server/access/schema.ts";
import { openConfigStore } from "#server/config/index.ts";
import { AppError } from "#server/core/errors.ts";
import { createLogger } from "#server/core/log.ts";
import { permissionOf } from "#server/gateway/commands/registry.ts";
import { dispatch } from "#server/gateway/dispatch.ts";
import { explainCommand } from "#server/gateway/explain-command.ts";
import type { Call } from "#server/gateway/exchange.ts";
import type { GatewayServices } from "#server/gateway/services.ts";
import { createMemoryLimiter } from "#server/ratelimit/memory-limiter.ts";
import {
  forbidden,
  randomPolicy,
  randomPrincipal,
  sourcesOf,
  SPACE,
  type Asked,
  type Narrowing,
} from "../../tests/support/policy-model.ts";

const CASES = 100_000;

/** Only what the pipeline needs for the messages of this test; whoever asks for more fails it. */
function only(known: Partial<GatewayServices>): GatewayServices {
  return new Proxy(known as GatewayServices, {
    get(target, member): unknown {
      if (!(member in target)) {
        throw new Error(`${String(member)} is not part of this test`);
      }
      return Reflect.get(target, member);
    },
  });
}

const log = createLogger("test", "silent");
const folder = mkdtempSync(join(tmpdir(), "openclaw-model-"));
const file = join(folder, "openclaw.json5");
writeFileSync(file, "{ security: { rateLimit: { enabled: false } } }");
const config = openConfigStore({ file, log });
let policy: PolicySnapshot = { enabled: true, roles: new Map(), users: new Map(), channels: new Map() };
const services = only({
  config,
  policy: { current: () => policy, reload: async () => undefined },
  locks: testLocks(),
  limiter: createMemoryLimiter({ now: () => 0 }),
});
const incoming: Call = {
  method: "POST",
  path: "/api/v1/messages",
  header: () => undefined,
  address: "127.0.0.1",
  requestId: "req_test",
  signal: new AbortController().signal,
};

afterAll(() => {
  config.close();
  rmSync(folder, { recursive: true });
});

interface Verdict {
  allow: boolean;
  code: string;
  because: string;
}

/** What the pipeline answers; an error that comes after the decision means that it was let through. */
async function live(
  principal: Principal,
  { channel, user, command }: Asked,
): Promise<Verdict | "unknown_command" | "passed"> {
  const message = { channel, userId: user, parsed: { command, args: "" }, idempotencyKey: undefined };
  try {
    const { decision } = await dispatch(services, { incoming, principal }, message);
    return { allow: true, code: decision.code, because: decision.because };
  } catch (error) {
    if (!(error instanceof AppError)) {
      throw error;
    }
    if (error.code === "FORBIDDEN") {
      return { allow: false, code: String(error.details?.["reason"]), because: String(error.details?.["because"]) };
    }
    if (error.code === "UNKNOWN_COMMAND") {
      return "unknown_command";
    }
    // What /ask without a model and /run without code say once they are let through.
    expect(["NOT_CONFIGURED", "INVALID_INPUT"]).toContain(error.code);
    return "passed";
  }
}

const principalOf = (who: Narrowing): Principal => ({
  id: "token:t1",
  kind: "token",
  tokenId: "t1",
  ownerId: "operator",
  name: "bot",
  ...who,
});

describe("AUTHZ-1 AUTHZ-2 AUTHZ-3 AUTHZ-5 the policy", () => {
  it(`says the same as decision, explanation, live pipeline and independent model in ${CASES.toLocaleString("en")} random cases`, async () => {
    const seen = new Map<string, number>();
    let cases = 0;
    await fc.assert(
      fc.asyncProperty(randomPolicy, randomPrincipal, async (random, who) => {
        const { configured, stored } = sourcesOf(random);
        policy = mergePolicy(configured, stored);
        const principal = principalOf(who);
        const refusals = [...forbidden(random, who)];
        for (const asked of SPACE) {
          const { channel, user, command } = asked;
          const request = { channel, command, userId: user, permission: permissionOf(command) };
          const reasons = refusals.filter(([, region]) => region.has(asked)).map(([reason]) => reason);
          const decision = decide(policy, principal, request);
          const verdict: Verdict = { allow: decision.allow, code: decision.code, because: decision.because };

          const place = { random, who, asked, decision };
          if (decision.allow !== (reasons.length === 0) || (!decision.allow && !reasons.includes(decision.code))) {
            expect.fail(`model: [${reasons.join()}], decided otherwise: ${JSON.stringify(place)}`);
          }
          const { decision: explained, trace } = explain(policy, principal, request);
          if (JSON.stringify(explained) !== JSON.stringify(decision)) {
            expect.fail(`explained otherwise: ${JSON.stringify({ ...place, explained })}`);
          }
          if (trace.every(({ passed }) => passed) !== decision.allow) {
            expect.fail(`the trace says otherwise: ${JSON.stringify({ ...place, trace })}`);
          }
          const answered = await live(principal, asked);
          const fits =
            answered === "passed"
              ? decision.allow && (command === "ask" || command === "run")
              : answered === "unknown_command"
                ? decision.allow && command === "config"
                : JSON.stringify(answered) === JSON.stringify(verdict);
          if (!fits) {
            expect.fail(`answered otherwise: ${JSON.stringify({ ...place, answered })}`);
          }
          const sender = { principal, title: "bot" };
          const answer = explainCommand(policy, { enabled: false }, sender, { channel, command, userId: user });
          if (answer.allow !== (decision.allow && command !== "config") || answer.because === "") {
            expect.fail(`the answer to the question says otherwise: ${JSON.stringify({ ...place, answer })}`);
          }
          cases += 1;
          seen.set(decision.code, (seen.get(decision.code) ?? 0) + 1);
        }
      }),
      { numRuns: Math.ceil(CASES / SPACE.length) },
    );
    expect(cases).toBeGreaterThanOrEqual(CASES);
    // Every reason there is has decided, so none of them is there for show.
    expect([...seen.keys()].sort()).toEqual([
      "allowed",
      "authorization_disabled",
      "channel_not_in_role",
      "channel_not_in_token",
      "channel_not_in_user",
      "command_blocked",
      "command_not_in_channel",
      "command_not_in_role",
      "permission_missing",
      "role_unknown",
      "scope_missing",
      "user_blocked",
      "user_mismatch",
      "user_not_allowed",
    ]);
  }, 60_000);
});
