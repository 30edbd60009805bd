import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { openTestKeyring, rotateDataKey } from "../../tests/support/keyring.ts";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { withEarlier } from "#server/channels/graced-adapter.ts";
import { createAdapter } from "#server/channels/adapters/index.ts";
import type { HookRequest } from "#server/channels/adapter.ts";
import type { Keyring } from "#server/core/crypto/keyring/index.ts";
import { fingerprint, hasFingerprint, shownFingerprint } from "#server/key-rotation/fingerprint.ts";
import { keyAge, valueProblem } from "#server/key-rotation/policy.ts";

const DAY = 86_400_000;
const RULE = { intervalMs: 30 * DAY, notifyBeforeMs: 7 * DAY };

describe("AUTH-12 ages", () => {
  test.each([
    [0, "ok"],
    [22.9 * DAY, "ok"],
    [23 * DAY, "due_soon"],
    [29.9 * DAY, "due_soon"],
    [30 * DAY, "overdue"],
    [300 * DAY, "overdue"],
  ])("after %d ms: %s", (age, state) => {
    expect(keyAge(1_000, RULE, 1_000 + age).state).toBe(state);
  });

  test("states only ever grow worse with time, whatever the intervals are", () => {
    const rank = { unknown: 0, ok: 1, due_soon: 2, overdue: 3 };
    const span = fc.integer({ min: 1, max: 400 * DAY });
    fc.assert(
      fc.property(span, span, span, span, (intervalMs, notifyBeforeMs, a, b) => {
        const rule = { intervalMs, notifyBeforeMs };
        const [early, late] = [keyAge(0, rule, Math.min(a, b)), keyAge(0, rule, Math.max(a, b))];
        expect(rank[late.state]).toBeGreaterThanOrEqual(rank[early.state]);
        expect(early.dueAt).toBe(intervalMs);
      }),
    );
    expect(keyAge(null, RULE, 5).state).toBe("unknown");
  });

  test("what cannot be a key is refused with a reason that does not repeat it", () => {
    for (const value of ["", "  ", " sk-1", "sk-1\n", "${OPENAI}", "enc:v1:abc", "a\u200bb"]) {
      const problem = valueProblem(value);
      expect(problem, JSON.stringify(value)).not.toBeNull();
      expect(value.length > 3 ? problem : "", JSON.stringify(value)).not.toContain(value.length > 3 ? value : "\u0000");
    }
    expect(valueProblem("sk-proj-abc_DEF-123")).toBeNull();
  });
});

describe("AUTH-12 fingerprints", () => {
  let keyring: Keyring;
  beforeAll(async () => void (keyring = await openTestKeyring()));

  test("tell values and places apart and hold nothing of the value", () => {
    fc.assert(
      fc.property(fc.string({ minLength: 8 }), fc.string({ minLength: 8 }), (a, b) => {
        const known = fingerprint(keyring, "provider:openai", a);
        expect(hasFingerprint(keyring, "provider:openai", a, known)).toBe(true);
        expect(hasFingerprint(keyring, "provider:openai", b, known)).toBe(a === b);
        expect(hasFingerprint(keyring, "provider:other", a, known)).toBe(false);
        expect(known).not.toContain(a);
      }),
    );
    expect(shownFingerprint(fingerprint(keyring, "k", "v"))).toMatch(/^[0-9a-f]{8}$/);
  });

  test("still compare after the keyring's own key was rotated, and say nothing when it is gone", async () => {
    const keysDir = mkdtempSync(join(tmpdir(), "openclaw-keys-"));
    try {
      const before = await openTestKeyring(keysDir);
      const known = fingerprint(before, "k", "value");
      await rotateDataKey({ keysDir }, "config");
      const after = await openTestKeyring(keysDir);
      expect(fingerprint(after, "k", "value")).not.toBe(known);
      expect(hasFingerprint(after, "k", "value", known)).toBe(true);
      expect(hasFingerprint(after, "k", "another", known)).toBe(false);
      expect(hasFingerprint(keyring, "k", "value", known)).toBeNull();
    } finally {
      rmSync(keysDir, { recursive: true });
    }
  });
});

describe("AUTH-12 both secrets are believed until the grace ends, and not a moment longer", () => {
  const adapter = (webhookSecret: string) =>
    createAdapter({ channel: "t", type: "telegram", botToken: "123:abc", webhookSecret });
  const request = (secret: string): HookRequest => ({
    method: "POST",
    query: new URLSearchParams(),
    header: (name) => (name === "x-telegram-bot-api-secret-token" ? secret : undefined),
  });

  test("by the clock at each delivery, not by a job", async () => {
    let now = 1_000;
    const both = withEarlier(adapter("new-secret"), [{ adapter: adapter("old-secret"), until: 2_000 }], () => now);
    const proven = async (secret: string): Promise<boolean> =>
      both.precheck(request(secret)).ok && (await both.verify(request(secret), Buffer.from("{}"), now)).ok;
    expect(await proven("new-secret")).toBe(true);
    expect(await proven("old-secret")).toBe(true);
    expect(await proven("any-other")).toBe(false);
    now = 2_000;
    expect(await proven("old-secret")).toBe(false);
    expect(await proven("new-secret")).toBe(true);
  });

  test("challenges of a platform are answered for either verify token", () => {
    const whatsapp = (verifyToken: string) =>
      createAdapter({
        channel: "w",
        type: "whatsapp",
        appSecret: "app-secret",
        accessToken: "access",
        phoneNumberId: "1",
        verifyToken,
      });
    const ask = (token: string): HookRequest => ({
      method: "GET",
      header: () => undefined,
      query: new URLSearchParams({ "hub.mode": "subscribe", "hub.verify_token": token, "hub.challenge": "42" }),
    });
    const both = withEarlier(whatsapp("new-token"), [{ adapter: whatsapp("old-token"), until: 10 }], () => 5);
    expect(both.challenge?.(ask("old-token"))?.body).toBe("42");
    expect(both.challenge?.(ask("new-token"))?.body).toBe("42");
    expect(both.challenge?.(ask("other"))?.status ?? 403).not.toBe(200);
  });
});
