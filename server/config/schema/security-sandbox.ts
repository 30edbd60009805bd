/** `security.sandboxing`, `security.fileSystem`: where agents run and which files they may touch. */
import { z } from "zod";
import { cores, dictionary, duration, size, text, wholeNumber } from "#server/config/schema/fields.ts";
import { DAY, SECOND } from "#server/config/units.ts";

const KIB = 1024;
const MIB = 1024 * KIB;
const GIB = 1024 * MIB;

const Limits = z
  .strictObject({
    memory: size({ min: 16 * MIB, max: 1024 * GIB })
      .prefault("512m")
      .describe("Memory including swap."),
    cpu: cores({ min: 0.01, max: 1024 }).prefault("0.5").describe("Processor cores, as a quota."),
    disk: size({ min: 4 * MIB, max: 1024 * GIB })
      .optional()
      .describe(
        "Bytes the container can write. A size written here is held or the run is refused. Unset: 1g where the worker can hold it (as root beside the engine), else up to 256m in memory.",
      ),
    processes: wholeNumber({ min: 4, max: 32_768 })
      .prefault(64)
      .describe("Processes and threads. Node needs at least 16."),
    timeout: duration({ min: SECOND, max: DAY }).prefault("60s").describe("Wall-clock time of one run."),
    output: size({ min: KIB, max: 64 * MIB })
      .prefault("1m")
      .describe("Bytes of output of one run; more ends it."),
  })
  .prefault({})
  .describe("Resources of one run.");

interface Volume {
  /** Path inside the container. */
  target: string;
  mode: "ro" | "rw";
}

const VOLUME = /^(\/[^:]*)(?::(ro|rw))?$/;

const volume = z
  .codec(z.string(), z.custom<Volume>(), {
    decode: (written, payload): Volume => {
      const match = VOLUME.exec(written);
      if (match?.[1] === undefined) {
        payload.issues.push({
          code: "custom",
          input: written,
          message: 'must be a path in the container with ":ro" or ":rw", such as "/workspace:rw"',
        });
        return z.NEVER;
      }
      return { target: match[1], mode: match[2] === "rw" ? "rw" : "ro" };
    },
    encode: ({ target, mode }) => `${target}:${mode}`,
  })
  .meta({ type: "container path:ro|rw" });

const hostPath = z
  .string()
  .regex(/^(?:\/|~\/|\.\/)[^\0:]*$/, { error: 'must be a path that starts with "/", "~/" or "./"' })
  .max(1024);

const account = z
  .string()
  .regex(/^[a-z_][a-z0-9_-]{0,31}$|^\d{1,10}$/i, { error: 'must be "nobody", "nogroup" or a number above 0' })
  .meta({ type: "account" });

const Docker = z
  .strictObject({
    image: z
      .string()
      .regex(/^[a-z0-9][a-z0-9._/:-]{0,254}$/i, { error: 'must be an image name such as "openclaw/sandbox:latest"' })
      .prefault("openclaw/sandbox:latest")
      .describe("Image of the containers."),
    digest: z
      .string()
      .regex(/^sha256:[0-9a-f]{64}$/, { error: 'must be "sha256:" and 64 hexadecimal digits' })
      .optional()
      .describe("Pins the image: a run is refused when the image has another digest."),
    network: z
      .string()
      .regex(/^[a-z0-9][a-z0-9_.:-]{0,127}$/i, { error: 'must be "none" or the name of a Docker network' })
      .prefault("none")
      .describe(
        "Network of the containers. Anything but `none` needs `allowNetwork`; `host` and `container:…` are refused.",
      ),
    allowNetwork: z.boolean().prefault(false).describe("Grants containers the network named in `network`."),
    readonly: z.boolean().prefault(true).describe("Read-only root file system."),
    runtime: z.enum(["runc", "runsc"]).prefault("runc").describe("OCI runtime; `runsc` is gVisor, where installed."),
    limits: Limits,
    pool: z
      .strictObject({
        size: wholeNumber({ min: 0, max: 64 })
          .prefault(2)
          .describe("Containers kept started ahead; 0 keeps none. All together never hold more than half the memory."),
      })
      .prefault({})
      .describe("Containers that wait, never used, for the next runs."),
    volumes: dictionary(volume, hostPath)
      .prefault({})
      .describe(
        "Writable places of a run: `/workspace` and `/tmp`, private to it. A path of the host appears as `/mnt/NAME:ro`, to read only, where `security.fileSystem` allows it.",
      ),
    securityOpt: z
      .array(text())
      .max(16)
      .prefault(["no-new-privileges:true", "seccomp:default"])
      .describe("Docker security options. No new privileges and a seccomp profile always apply."),
    user: account.prefault("nobody").describe("Account in the container; root is refused."),
    group: account.prefault("nogroup").describe("Group in the container; root is refused."),
  })
  .prefault({})
  .describe("The containers.");

export const Sandboxing = z
  .strictObject({
    enabled: z
      .boolean()
      .prefault(true)
      .describe("Runs agents in containers. Off refuses every run; nothing ever runs on the host."),
    type: z.literal("docker").prefault("docker").describe("Kind of sandbox."),
    docker: Docker,
  })
  .prefault({})
  .describe("Isolation of agent runs.");

const extensions = () =>
  z
    .array(
      z.string().regex(/^\.[^./\\\s]{1,32}(?:\.[^./\\\s]{1,32})*$/, { error: 'must be an extension such as ".txt"' }),
    )
    .max(1000)
    .meta({ type: "list of extensions" });

// A pattern would be taken for one and match nothing; another account's home is not known.
const listedPath = text()
  .regex(/^(?!~[^/])[^*?\p{Cc}]+$/u, {
    error:
      'must be a folder or file such as "/srv/data", "~/data" or "./data", without "*" or "?": what lies below is meant too',
  })
  .max(4096);
const paths = () => z.array(listedPath).max(1000).meta({ type: "list of paths" });

export const FileSystem = z
  .strictObject({
    allowedPaths: paths()
      .prefault(["~/.openclaw", "/tmp", "./workspace"])
      .describe(
        "Folders and files agents may touch. `~` is the account's home, `~/.openclaw` the OpenClaw home, where relative paths start.",
      ),
    deniedPaths: paths()
      .prefault(["/etc", "/usr/bin", "/usr/sbin", "~/.ssh", "~/.aws"])
      .describe("Folders they may not; these win over `allowedPaths`."),
    restrictions: z
      .strictObject({
        maxFileSize: size({ min: 1, max: 1024 * GIB })
          .prefault("10MB")
          .describe("Largest file."),
        maxPathLength: wholeNumber({ min: 1, max: 4096 }).prefault(255).describe("Longest path, in bytes."),
        allowedExtensions: extensions()
          .prefault([".txt", ".py", ".js", ".md"])
          .describe("Extensions that may pass; empty means every one that is not denied."),
        deniedExtensions: extensions()
          .prefault([".exe", ".sh", ".bat"])
          .describe("Extensions that may not; these win."),
      })
      .prefault({})
      .describe("What a file may be."),
    monitoring: z
      .strictObject({
        logFileAccess: z.boolean().prefault(true).describe("Records each access as `file_access`."),
        alertOnSuspicious: z.boolean().prefault(true).describe("Raises an alert for a suspicious file."),
        quarantineSuspicious: z.boolean().prefault(true).describe("Moves a suspicious file to quarantine."),
      })
      .prefault({})
      .describe("What is watched."),
  })
  .prefault({})
  .describe("Files agents may read and write.");
