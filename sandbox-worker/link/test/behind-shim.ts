/** A program in a container without a network, with a shim in front of a socket of the host. */
import { once } from "node:events";
import { PassThrough } from "node:stream";
import { docker } from "#worker/test/support.ts";

/** Starts the shim as the launcher does, and the program when it listens. */
const SCRIPT =
  'cd /tmp && mkfifo ready && { $0 ready 8642 /run/openclaw/gateway.sock </dev/null & } && read -r state <ready && exec "$@"';

/**
 * Resolves to what the program says, on either stream.
 * @param folder of the host; holds the socket and is mounted at /run/openclaw
 * @param shim what starts it, e.g. `node /run/openclaw/shim.mjs`
 */
export async function behindShim(folder: string, shim: string, program: readonly string[]): Promise<string> {
  const container = await docker.createContainer({
    Image: "openclaw/sandbox:latest",
    User: "65534:65534",
    Entrypoint: ["/bin/sh", "-c", SCRIPT, shim, ...program],
    Tty: false,
    AttachStdout: true,
    AttachStderr: true,
    HostConfig: {
      NetworkMode: "none",
      ReadonlyRootfs: true,
      Init: true,
      CapDrop: ["ALL"],
      Memory: 256 * 1024 * 1024,
      PidsLimit: 64,
      Tmpfs: { "/tmp": "rw,noexec,size=16m,mode=1777" },
      Binds: [`${folder}:/run/openclaw:ro`],
      Ulimits: [{ Name: "nofile", Soft: 1024, Hard: 1024 }],
    },
  });
  try {
    const stream = await container.attach({ stream: true, stdout: true, stderr: true });
    const output = new PassThrough();
    const chunks: Buffer[] = [];
    output.on("data", (chunk: Buffer) => chunks.push(chunk));
    docker.modem.demuxStream(stream, output, output);
    const ended = once(stream, "end");
    await container.start();
    await ended;
    return Buffer.concat(chunks).toString("utf8");
  } finally {
    await container.remove({ force: true });
  }
}
