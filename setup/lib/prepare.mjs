/** Brings in what is missing, in the order it is needed; what does not depend on each other overlaps. */
import { buildConsole } from "../steps/next-build.mjs";
import { buildSandboxImage } from "../steps/sandbox-image.mjs";
import { ensureChromium } from "../steps/chromium.mjs";
import { ensureDocker } from "../steps/docker.mjs";
import { ensureGvisor } from "../steps/gvisor.mjs";
import { ensureRedis } from "../steps/redis.mjs";
import { findNode } from "../steps/node.mjs";
import { generateClient } from "../steps/prisma-client.mjs";
import { installDependencies } from "../steps/dependencies.mjs";
import { withSetupLock } from "./lock.mjs";

/**
 * @param needs `console`: the built pages; `sandbox`: Docker and the image; `browser`: Chromium; `redis`: a Redis server;
 *   `gvisor`: gVisor beside Docker.
 * @returns the Node.js to run the product with, and the problems of parts that it can do without.
 */
export function prepare(needs) {
  return withSetupLock(async () => {
    await installDependencies();
    const node = await findNode();
    const [core, ...rest] = await Promise.allSettled([
      generateClient(node).then(() => (needs.console ? buildConsole(node) : undefined)),
      needs.sandbox
        ? ensureDocker()
            .then(() => buildSandboxImage(node))
            .then(() => (needs.gvisor ? ensureGvisor() : undefined))
        : undefined,
      needs.browser ? ensureChromium(node) : undefined,
      needs.redis ? ensureRedis() : undefined,
    ]);
    if (core.status === "rejected") {
      throw core.reason;
    }
    return { node, problems: rest.filter(({ status }) => status === "rejected").map(({ reason }) => reason) };
  });
}

/** What a start with these arguments needs, from its `--only` options. */
export function needsOf(args) {
  const parts = args.flatMap((arg, index) => {
    const value =
      arg === "--only" ? args[index + 1] : arg.startsWith("--only=") ? arg.slice("--only=".length) : undefined;
    return value === undefined ? [] : value.split(",").map((part) => part.trim());
  });
  const all = parts.length === 0;
  return {
    console: all || parts.includes("console"),
    sandbox: all || parts.includes("worker"),
    browser: false,
    redis: false,
    gvisor: false,
  };
}
