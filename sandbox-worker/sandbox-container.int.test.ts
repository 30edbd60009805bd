/** The making of a container that is given up halfway. */
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ConfigSchema } from "#server/config/schema.ts";
import { createLogger } from "#server/core/log.ts";
import { sandboxPolicy } from "#server/sandbox/policy.ts";
import { connectEngine } from "#worker/connect-engine.ts";
import { planDisk } from "#worker/disk-plan.ts";
import { createEngine } from "#worker/engine.ts";
import { ContainerLife } from "#worker/engine-events.ts";
import { SandboxContainer } from "#worker/sandbox-container.ts";

test("SBX-12 a stop is not held up by an engine that never answers", async () => {
  const folder = mkdtempSync(join(tmpdir(), "openclaw-silent-"));
  const sockets: Socket[] = [];
  const silent = createServer((socket) => sockets.push(socket)).listen(join(folder, "engine.sock"));
  await once(silent, "listening");
  const log = createLogger("test", "silent");
  const { sandboxing } = ConfigSchema.parse({ security: {} }).security;
  const answer = sandboxPolicy(sandboxing);
  const plan = answer.ok ? planDisk(answer.policy, false) : null;
  if (!answer.ok || plan?.ok !== true) {
    throw new Error("The defaults are refused");
  }
  let destroyed = 0;
  const box = new SandboxContainer(
    {
      workerId: "wrk_1",
      instanceId: "0",
      log,
      engine: createEngine(connectEngine(`unix://${folder}/engine.sock`), false, log),
      local: true,
      disks: null,
      links: { make: () => "", remove: () => undefined },
      sandboxing: () => sandboxing,
      hostMounts: () => [],
      engineEvents: { watch: () => new ContainerLife(), forget: () => undefined },
      recordDetection: () => Promise.resolve(),
    },
    () => (destroyed += 1),
  );
  const stop = new AbortController();
  const profile = { policy: answer.policy, plan: plan.plan, imageId: "sha256:0", mounts: [], link: false, key: "k" };
  const starting = box.start(profile, { runId: "run_1", attempt: 1 }, 0, stop.signal);
  const connected = once(silent, "connection");
  await Promise.race([connected, starting]);
  stop.abort("cancelled");
  await expect(starting).rejects.toBe("cancelled");
  expect(destroyed).toBe(0);
  // The engine goes at last: what was begun is settled, and nothing was there to remove.
  sockets.forEach((socket) => socket.destroy());
  await box.destroy();
  expect([destroyed, box.id]).toEqual([1, null]);
  await new Promise((resolve) => silent.close(resolve));
  rmSync(folder, { recursive: true });
});
