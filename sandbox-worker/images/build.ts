/**
 * Makes the sandbox image where it is missing or its recipe changed: `node sandbox-worker/images/build.ts`.
 * With a registry in reach from the Dockerfile, else from the distribution's packages. Prints its progress; exit 0 = the image is there.
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import type Docker from "dockerode";
import { childEnvironment, readEnv } from "#server/core/env.ts";
import { AppError, messageOf } from "#server/core/errors.ts";
import { connectEngine, engineErrorText, isMissing } from "#worker/connect-engine.ts";
import { IMAGE_LABEL } from "#worker/engine.ts";
import { buildTree, INSTALL_HINT, treeRecipe } from "#worker/images/debian-tree.ts";

const REPOSITORY = "openclaw/sandbox";
const TAG = "latest";
const UNFINISHED_TAG = "unfinished";
const NAME = `${REPOSITORY}:${TAG}`;
const DOCKERFILE = new URL("./Dockerfile", import.meta.url);
/** A registry that has not begun to answer by then is taken as out of reach. */
const REGISTRY_LIMIT_MS = 20_000;

const startedAt = Date.now();

function say(line: string): void {
  const seconds = ((Date.now() - startedAt) / 1000).toFixed(1).padStart(6);
  process.stdout.write(`sandbox image ${seconds} s  ${line}\n`);
}

async function main(): Promise<void> {
  const { docker, endpoint } = connectEngine(readEnv().DOCKER_HOST);
  await docker.ping().catch((cause: unknown) => {
    throw new AppError(
      "ENGINE_UNAVAILABLE",
      `Docker Engine not reachable at ${endpoint} (${engineErrorText(cause)}). Start it and try again.`,
      { cause },
    );
  });
  const inputs = createHash("sha256").update(readFileSync(DOCKERFILE)).update(treeRecipe()).digest("hex").slice(0, 32);
  if ((await labelOf(docker)) === inputs) {
    say(`${NAME} is up to date`);
    return;
  }
  if (await pullBases(docker)) {
    await buildFromDockerfile(docker, inputs);
  } else {
    await importTree(docker, inputs);
  }
  const { Id, Size } = await docker.getImage(NAME).inspect();
  say(`${NAME} ready: ${Id}, ${Math.round(Size / 1e6)} MB`);
}

async function labelOf(docker: Docker): Promise<string | undefined> {
  try {
    const labels: Partial<Record<string, string>> | null = (await docker.getImage(NAME).inspect()).Config.Labels;
    return labels?.[IMAGE_LABEL];
  } catch (error) {
    if (isMissing(error)) {
      return undefined;
    }
    throw error;
  }
}

/** The images the Dockerfile starts from, read from its own ARG lines. */
function bases(): string[] {
  return [...readFileSync(DOCKERFILE, "utf8").matchAll(/^ARG (?:DEBIAN|NODE)=(\S+)$/gm)].flatMap(
    (match) => match[1] ?? [],
  );
}

async function pullBases(docker: Docker): Promise<boolean> {
  try {
    for (const base of bases()) {
      const signal = AbortSignal.timeout(REGISTRY_LIMIT_MS);
      const progress = await docker.pull(base, { abortSignal: signal });
      say(`pulling ${base}`);
      await followProgress(docker, progress);
    }
    return true;
  } catch (error) {
    say(`no registry in reach (${engineErrorText(error).split("\n")[0]}); using the distribution's packages`);
    return false;
  }
}

async function buildFromDockerfile(docker: Docker, inputs: string): Promise<void> {
  const context = new URL(".", DOCKERFILE).pathname;
  const progress = await docker.buildImage(
    { context, src: ["Dockerfile"] },
    { t: NAME, labels: { [IMAGE_LABEL]: inputs }, forcerm: true },
  );
  await followProgress(docker, progress, say);
}

async function importTree(docker: Docker, inputs: string): Promise<void> {
  ensureTool();
  const { tar, done } = buildTree(say);
  // The engine takes the archive while it is made, so the name is given only once both sides have ended well.
  const imported = docker.importImage(tar, {
    repo: REPOSITORY,
    tag: UNFINISHED_TAG,
    changes: [
      "ENV PATH=/usr/local/bin:/usr/bin:/bin LANG=C.UTF-8 HOME=/workspace",
      "USER 65534:65534",
      "WORKDIR /workspace",
      'CMD ["/bin/sh"]',
      `LABEL ${IMAGE_LABEL}=${inputs}`,
    ],
  });
  await Promise.all([done, imported.then((progress) => followProgress(docker, progress))]);
  const unfinished = docker.getImage(`${REPOSITORY}:${UNFINISHED_TAG}`);
  await unfinished.tag({ repo: REPOSITORY, tag: TAG });
  await unfinished.remove();
}

function ensureTool(): void {
  if (spawnSync("mmdebstrap", ["--version"], { stdio: "ignore" }).status === 0) {
    return;
  }
  if (process.getuid?.() !== 0) {
    throw new AppError("NOT_CONFIGURED", `The image is built with mmdebstrap, which is missing. ${INSTALL_HINT}`);
  }
  say("installing mmdebstrap");
  const options = {
    stdio: "ignore",
    env: childEnvironment({ DEBIAN_FRONTEND: "noninteractive" }),
  } as const;
  // Another step of the set-up may be installing something at the same time.
  const lock = ["-o", "DPkg::Lock::Timeout=300"];
  const install = (): number | null =>
    spawnSync("apt-get", ["install", "-y", "--no-install-recommends", ...lock, "mmdebstrap"], options).status;
  if (install() !== 0) {
    spawnSync("apt-get", ["update"], options);
    if (install() !== 0) {
      throw new AppError("NOT_CONFIGURED", `mmdebstrap could not be installed. ${INSTALL_HINT}`);
    }
  }
}

interface ProgressLine {
  stream?: string;
  error?: string;
}

/** Reads an engine's progress to its end; a failure is a line in it. */
async function followProgress(
  docker: Docker,
  progress: NodeJS.ReadableStream,
  onLine?: (line: string) => void,
): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    docker.modem.followProgress(
      progress,
      (error: Error | null, lines: ProgressLine[]) => {
        const problem = error?.message ?? lines.find((line) => line.error !== undefined)?.error;
        if (problem === undefined) {
          resolve();
        } else {
          reject(new Error(problem));
        }
      },
      (line: ProgressLine) => {
        const text = line.stream?.trim() ?? "";
        if (text !== "") {
          onLine?.(text);
        }
      },
    );
  });
}

try {
  await main();
} catch (error) {
  process.stderr.write(`sandbox image: ${messageOf(error)}\n`);
  process.exitCode = 1;
}
