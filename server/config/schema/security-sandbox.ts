/** `security.sandboxing`, `security.fileSystem`: where agents run and which files they may touch. */
import { z } from "zod";
import { cores, dictionary, duration, name, size, text, wholeNumber } from "#server/config/schema/fields.ts";
import { DAY, SECOND } from "#server/config/units.ts";

const KIB = 1024;
const MIB = 1024 * KIB;
const GIB = 1024 * MIB;

/** What a limit may be; profiles take them without the defaults. */
const LIMIT = {
  memory: size({ min: 16 * MIB, max: 1024 * GIB }),
  cpu: cores({ min: 0.01, max: 1024 }),
  disk: size({ min: 4 * MIB, max: 1024 * GIB }),
  processes: wholeNumber({ min: 4, max: 32_768 }),
  timeout: duration({ min: SECOND, max: DAY }),
  output: size({ min: KIB, max: 64 * MIB }),
} as const;

const Limits = z
  .strictObject({
    memory: LIMIT.memory.prefault("512m").describe("Memory including swap."),
    cpu: LIMIT.cpu.prefault("0.5").describe("Processor cores, as a quota."),
    disk: LIMIT.disk
      .optional()
      .describe(
        "Bytes the container can write. A size written here is held or the run is refused. Unset: 1g where the worker can hold it (as root beside the engine), else up to 256m in memory.",
      ),
    processes: LIMIT.processes.prefault(64).describe("Processes and threads. Node needs at least 16."),
    timeout: LIMIT.timeout.prefault("60s").describe("Wall-clock time of one run."),
    output: LIMIT.output.prefault("1m").describe("Bytes of output of one run; more ends it."),
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

const image = z
  .string()
  .regex(/^[a-z0-9][a-z0-9._/:-]{0,254}$/i, { error: 'must be an image name such as "openclaw/sandbox:latest"' });
const digest = z.string().regex(/^sha256:[0-9a-f]{64}$/, { error: 'must be "sha256:" and 64 hexadecimal digits' });
const runtime = z.enum(["runc", "runsc"]);
const poolSize = wholeNumber({ min: 0, max: 64 });

const Docker = z
  .strictObject({
    image: image.prefault("openclaw/sandbox:latest").describe("Image of the containers."),
    digest: digest.optional().describe("Pins the image: a run is refused when the image has another digest."),
    network: z
      .string()
      .regex(/^[a-z0-9][a-z0-9_.:-]{0,127}$/i, { error: 'must be "none" or the name of a Docker network' })
      .prefault("none")
      .describe(
        "Network of the containers. Anything but `none` needs `allowNetwork`; `host` and `container:…` are refused.",
      ),
    allowNetwork: z.boolean().prefault(false).describe("Grants containers the network named in `network`."),
    readonly: z.boolean().prefault(true).describe("Read-only root file system."),
    runtime: runtime.prefault("runc").describe("OCI runtime; `runsc` is gVisor, where installed."),
    limits: Limits,
    pool: z
      .strictObject({
        size: poolSize
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

const domain = z
  .string()
  .regex(/^(?:\*\.)?(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?$/, {
    error: 'must be a domain in lower case such as "api.example.com", or "*.example.com" for everything below it',
  })
  .max(253);

const ProfileLimits = z
  .strictObject({
    memory: LIMIT.memory.optional().describe("Memory including swap."),
    cpu: LIMIT.cpu.optional().describe("Processor cores, as a quota."),
    disk: LIMIT.disk.optional().describe("Bytes the container can write."),
    processes: LIMIT.processes.optional().describe("Processes and threads."),
    timeout: LIMIT.timeout.optional().describe("Wall-clock time of one run."),
    output: LIMIT.output.optional().describe("Bytes of output of one run."),
  })
  .prefault({})
  .describe("Limits that differ from `security.sandboxing.docker.limits`.");

const Profile = z.strictObject({
  image: image.optional().describe("Another image. It needs `/bin/sh` and `tar`; `python3` or `node` to reach models."),
  digest: digest.optional().describe("Pins that image."),
  runtime: runtime.optional().describe("Another OCI runtime."),
  limits: ProfileLimits,
  approval: z
    .enum(["none", "required"])
    .prefault("none")
    .describe("`required`: a run waits until somebody else with `runs:approve` has read and approved it."),
  pool: z
    .strictObject({
      size: poolSize.optional().describe("Containers of this profile kept started ahead; unset keeps none."),
    })
    .prefault({})
    .describe("Containers that wait for the next runs of this profile."),
  models: z
    .strictObject({
      allowed: z
        .array(
          z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._:/-]{0,127}\*?$/, {
            error: 'must be a model such as "openai/gpt-5-mini", or the beginning of names such as "anthropic/*"',
          }),
        )
        .max(1000)
        .prefault([])
        .describe("Models that programs of this profile may use, as `provider/model`; empty means none."),
      maxTokens: wholeNumber({ min: 1, max: 1_000_000_000 })
        .prefault(100_000)
        .describe("Tokens, in and out together, that one run may use."),
    })
    .prefault({})
    .describe("Models over the gateway, without a network and without the provider's key."),
  egress: z
    .strictObject({
      domains: z
        .array(domain)
        .max(1000)
        .prefault([])
        .describe("Hosts that programs of this profile may reach over HTTP and HTTPS; empty means none."),
    })
    .prefault({})
    .describe("The way out, through a proxy that looks names up itself and refuses private addresses."),
});

export const Sandboxing = z
  .strictObject({
    enabled: z
      .boolean()
      .prefault(true)
      .describe("Runs agents in containers. Off refuses every run; nothing ever runs on the host."),
    type: z.literal("docker").prefault("docker").describe("Kind of sandbox."),
    docker: Docker,
    profiles: dictionary(Profile)
      .prefault({})
      .describe("Named variations of `security.sandboxing.docker`; what a profile does not say is as written there."),
    roles: dictionary(z.array(name()).min(1).max(100).meta({ type: "list of names" }))
      .prefault({})
      .describe(
        "Profiles a role may use, the first unless it asks for another. A role that is not listed has `default`: `security.sandboxing.docker` itself.",
      ),
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
