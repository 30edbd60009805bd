/**
 * Reads the list of packages out of an image. Nothing of the image runs: a container is made of it, never started, and removed again.
 * Threat: an image whose files are huge or are links to somewhere else: a few plain files of a bounded size are read, and nothing is unpacked.
 */
import type Docker from "dockerode";
import { AppError } from "#server/core/errors.ts";
import { connectEngine, engineErrorText, isMissing } from "#worker/connect-engine.ts";

export interface PackageFiles {
  image: string;
  osRelease: string | null;
  dpkg: string | null;
  apk: string | null;
}

const MAX_BYTES = 32 * 1024 * 1024;
const BLOCK = 512;
const LABEL = "openclaw.package-list";

/** @throws AppError ENGINE_UNAVAILABLE, NOT_FOUND when the image is not there */
export async function readPackageFiles(image: string, dockerHost?: string): Promise<PackageFiles> {
  const { docker, endpoint } = connectEngine(dockerHost);
  await docker.ping().catch((cause: unknown) => {
    throw new AppError("ENGINE_UNAVAILABLE", `Docker Engine not reachable at ${endpoint} (${engineErrorText(cause)})`, {
      cause,
    });
  });
  const container = await docker
    .createContainer({ Image: image, Cmd: ["/never-started"], NetworkDisabled: true, Labels: { [LABEL]: "1" } })
    .catch((cause: unknown) => {
      throw isMissing(cause) ? new AppError("NOT_FOUND", `the image ${image} is not on this engine`, { cause }) : cause;
    });
  try {
    const read = (path: string): Promise<string | null> => readFile(container, path);
    return {
      image,
      osRelease: (await read("/usr/lib/os-release")) ?? (await read("/etc/os-release")),
      dpkg: await read("/var/lib/dpkg/status"),
      apk: (await read("/usr/lib/apk/db/installed")) ?? (await read("/lib/apk/db/installed")),
    };
  } finally {
    await container.remove({ force: true });
  }
}

/** Null for what is not there or no plain file. */
async function readFile(container: Docker.Container, path: string): Promise<string | null> {
  const archive = await container.getArchive({ path }).catch((error: unknown) => {
    if (isMissing(error)) {
      return null;
    }
    throw error;
  });
  if (archive === null) {
    return null;
  }
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of archive as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_BYTES) {
      throw new AppError("PAYLOAD_TOO_LARGE", `${path} of the image is larger than ${MAX_BYTES / 1024 / 1024} MiB`);
    }
    chunks.push(chunk);
  }
  return plainFileOf(Buffer.concat(chunks));
}

/** The content of the one file that the engine's archive holds: a header of 512 bytes, the size in octal at 124, the type at 156. */
function plainFileOf(tar: Buffer): string | null {
  const size = Number.parseInt(tar.toString("latin1", 124, 135), 8);
  const isPlain = tar[156] === 0x30 || tar[156] === 0;
  return isPlain && Number.isInteger(size) && tar.length >= BLOCK + size
    ? tar.toString("utf8", BLOCK, BLOCK + size)
    : null;
}
