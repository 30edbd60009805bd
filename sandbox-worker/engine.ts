/** What is known about the engine: asked every few seconds, told in the worker's heartbeat, and the reason runs are refused when it is gone. */
import type Docker from "dockerode";
import type { Logger } from "#server/core/log.ts";
import type { EngineFacts } from "#server/sandbox/schema.ts";
import { engineErrorText, isMissing, withinLimit, type EngineConnection } from "#worker/connect-engine.ts";

/** An engine that does not answer a simple question for this long counts as gone. */
const ANSWER_LIMIT_MS = 5_000;

/** Set in the image's build: nothing in it is writable to everyone outside the scratch places. */
export const IMAGE_LABEL = "openclaw.sandbox-image";

interface ImageFacts {
  /** `sha256:…` of the image's configuration: what runs, whatever the tag points to later. */
  id: string;
  /** The id and every registry digest, as `sha256:…`. */
  digests: string[];
  /** Built from our recipe. */
  own: boolean;
}

export interface Engine extends EngineConnection {
  facts(): EngineFacts;
  /** Asks again. `image` is the configured one. Never throws: an engine that does not answer is a fact. */
  refresh(image: string): Promise<EngineFacts>;
  /** Null when the image is not there. @throws the engine's error when it does not answer. */
  findImage(name: string): Promise<ImageFacts | null>;
  /** Called by whoever got no answer, so that the next look-up need not wait for the next refresh. */
  markUnreachable(error: unknown): void;
}

export function createEngine(connection: EngineConnection, loopDisks: boolean, log: Logger): Engine {
  const { docker, endpoint } = connection;
  let facts: EngineFacts = unreachable(endpoint, "not asked yet");

  async function findImage(name: string): Promise<ImageFacts | null> {
    try {
      const found = await withinLimit(docker.getImage(name).inspect(), ANSWER_LIMIT_MS);
      const labels: Partial<Record<string, string>> = found.Config.Labels;
      return {
        id: found.Id,
        digests: [found.Id, ...found.RepoDigests.flatMap((digest) => digest.split("@").slice(1))],
        own: labels[IMAGE_LABEL] !== undefined,
      };
    } catch (error) {
      if (isMissing(error)) {
        return null;
      }
      throw error;
    }
  }

  function markUnreachable(error: unknown): void {
    if (facts.reachable) {
      log.warn({ err: error, endpoint }, "Docker Engine not reachable");
    }
    facts = unreachable(endpoint, engineErrorText(error));
  }

  return {
    ...connection,
    facts: () => facts,
    findImage,
    markUnreachable,
    async refresh(image) {
      try {
        const info = await withinLimit(infoOf(docker), ANSWER_LIMIT_MS);
        const found = await findImage(image);
        if (!facts.reachable) {
          log.info({ endpoint, version: info.ServerVersion }, "Docker Engine reachable");
        }
        facts = {
          reachable: true,
          endpoint,
          version: info.ServerVersion,
          runtimes: usableRuntimes(info.Runtimes),
          storageDriver: info.Driver,
          image,
          imageDigest: found?.id ?? null,
          loopDisks,
          error: null,
        };
      } catch (error) {
        markUnreachable(error);
      }
      return facts;
    },
  };
}

export interface RuntimeInfo {
  runtimeArgs?: string[] | null;
}

interface EngineInfo {
  ServerVersion: string;
  Runtimes: Record<string, RuntimeInfo>;
  Driver: string;
}

const infoOf = async (docker: Docker): Promise<EngineInfo> => (await docker.info()) as EngineInfo;

/**
 * The runtimes that hold what a container is told. gVisor can be set up to ignore memory, processor and process limits, and ignores the
 * seccomp profile unless it is told not to.
 */
export const usableRuntimes = (runtimes: Record<string, RuntimeInfo>): string[] =>
  Object.entries(runtimes)
    .filter(([name, { runtimeArgs }]) => {
      const on = (flag: string): boolean =>
        (runtimeArgs ?? []).some((arg) => [flag, `${flag}=true`, `-${flag}`, `-${flag}=true`].includes(arg));
      return name !== "runsc" || (on("-oci-seccomp") && !on("-ignore-cgroups"));
    })
    .map(([name]) => name);

const unreachable = (endpoint: string, error: string): EngineFacts => ({
  reachable: false,
  endpoint,
  version: null,
  runtimes: [],
  storageDriver: null,
  image: null,
  imageDigest: null,
  loopDisks: false,
  error,
});
