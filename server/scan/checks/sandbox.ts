/** The sandbox as it is configured. What a run would refuse is in `problem-rows` already. */
import { atKey, checksOf, setKey, type Check, type Hit } from "#server/scan/check.ts";
import type { ConfigPath } from "#server/scan/facts/sources.ts";
import { few } from "#server/scan/shown.ts";

const BASE = ["security", "sandboxing"] as const;
const DOCKER = [...BASE, "docker"] as const;
/** Built on this machine: there is no registry that could give another. */
const OWN_IMAGE = /^openclaw\/sandbox(?::[\w.-]+)?$/;
const MANY_PROCESSES = 1_024;
const LONG_RUN_MS = 3_600_000;
const MANY_DOMAINS = 50;
/** Where programs commonly send what they steal, or open a way in. */
const EXFILTRATION =
  /(?:^|\.)(?:pastebin\.com|transfer\.sh|ngrok\.(?:io|app|dev)|ngrok-free\.app|webhook\.site|requestbin\.com|pipedream\.net|trycloudflare\.com|file\.io|0x0\.st|burpcollaborator\.net|oast\.(?:fun|pro|live|site)|interact\.sh)$/;
/** Anybody can have a host below these. */
const SHARED_SUFFIX =
  /^\*\.(?:amazonaws\.com|cloudfront\.net|azurewebsites\.net|windows\.net|googleapis\.com|appspot\.com|github\.io|githubusercontent\.com|herokuapp\.com|netlify\.app|vercel\.app|pages\.dev|workers\.dev|fly\.dev|onrender\.com|blogspot\.com)$/;

export const SANDBOX_CHECKS: readonly Check[] = [
  ...checksOf(
    "sandbox",
    ["configuration"],
    [
      {
        id: "sandbox.image_unpinned",
        severity: "warn",
        title: "An image is not pinned by its digest",
        why: "Whoever may push to its name changes what your runs are made of.",
        run: ({ configuration: { config } }) => {
          const { docker, profiles } = config.security.sandboxing;
          const hit = (path: ConfigPath, image: string): Hit =>
            atKey(path, `${image} has no digest.`, "Write the digest that docker images --digests shows.");
          return [
            ...(docker.digest === undefined && !OWN_IMAGE.test(docker.image) && !docker.image.includes("@sha256:")
              ? [hit([...DOCKER, "image"], docker.image)]
              : []),
            ...Object.entries(profiles).flatMap(([name, { image, digest }]) =>
              image !== undefined && digest === undefined && !OWN_IMAGE.test(image) && !image.includes("@sha256:")
                ? [hit([...BASE, "profiles", name, "image"], image)]
                : [],
            ),
          ];
        },
      },
      {
        id: "sandbox.many_processes",
        severity: "warn",
        title: "A run may have very many processes",
        why: "A fork bomb slows everything else on the machine down.",
        run: ({ configuration: { config } }) => {
          const { processes } = config.security.sandboxing.docker.limits;
          return processes > MANY_PROCESSES
            ? [
                atKey(
                  [...DOCKER, "limits", "processes"],
                  `security.sandboxing.docker.limits.processes is ${processes}.`,
                  "Use 64, or what your programs need.",
                  { command: setKey([...DOCKER, "limits", "processes"], "64") },
                ),
              ]
            : [];
        },
      },
      {
        id: "sandbox.long_runs",
        severity: "info",
        title: "A run may take very long",
        why: "Mining and waiting cost the same as working.",
        run: ({ configuration: { config } }) => {
          const { docker, profiles } = config.security.sandboxing;
          const hit = (path: ConfigPath, timeout: number): Hit =>
            atKey(path, `A run may take ${Math.round(timeout / 60_000)} minutes.`, "Use what your programs need.", {
              command: setKey(path, "60s"),
            });
          return [
            ...(docker.limits.timeout > LONG_RUN_MS
              ? [hit([...DOCKER, "limits", "timeout"], docker.limits.timeout)]
              : []),
            ...Object.entries(profiles).flatMap(([name, { limits }]) =>
              limits.timeout !== undefined && limits.timeout > LONG_RUN_MS
                ? [hit([...BASE, "profiles", name, "limits", "timeout"], limits.timeout)]
                : [],
            ),
          ];
        },
      },
      {
        id: "sandbox.network_without_approval",
        severity: "warn",
        title: "Programs reach the network and nobody approves them",
        why: "An injected program sends out what it was given before anybody has read it.",
        run: ({ configuration: { config } }) =>
          Object.entries(config.security.sandboxing.profiles).flatMap(([name, { egress, approval }]) =>
            egress.domains.some((domain) => domain.startsWith("*.")) && approval === "none"
              ? [
                  atKey(
                    [...BASE, "profiles", name, "approval"],
                    `${name} reaches ${few(egress.domains)}, and its runs start without approval.`,
                    "Name the hosts one by one, or ask for approval.",
                    { command: setKey([...BASE, "profiles", name, "approval"], "required") },
                  ),
                ]
              : [],
          ),
      },
      {
        id: "sandbox.egress_shared_suffix",
        severity: "warn",
        title: "Programs reach hosts that anybody can have",
        why: "A program sends what it stole to a host of its author below the same name.",
        run: ({ configuration: { config } }) =>
          Object.entries(config.security.sandboxing.profiles).flatMap(([name, { egress }]) =>
            egress.domains.flatMap((domain, index) =>
              SHARED_SUFFIX.test(domain)
                ? [
                    atKey(
                      [...BASE, "profiles", name, "egress", "domains", index],
                      `${name} reaches ${domain}.`,
                      "Name the hosts themselves.",
                    ),
                  ]
                : [],
            ),
          ),
      },
      {
        id: "sandbox.egress_exfiltration",
        severity: "critical",
        title: "Programs reach a place that secrets are commonly sent to",
        why: "Paste bins and tunnels need no account and leave no trace.",
        run: ({ configuration: { config } }) =>
          Object.entries(config.security.sandboxing.profiles).flatMap(([name, { egress }]) =>
            egress.domains.flatMap((domain, index) =>
              EXFILTRATION.test(domain)
                ? [
                    atKey(
                      [...BASE, "profiles", name, "egress", "domains", index],
                      `${name} reaches ${domain}.`,
                      "Remove it.",
                    ),
                  ]
                : [],
            ),
          ),
      },
      {
        id: "sandbox.egress_many",
        severity: "info",
        title: "Programs reach very many hosts",
        why: "Nobody looks through such a list any more.",
        run: ({ configuration: { config } }) =>
          Object.entries(config.security.sandboxing.profiles).flatMap(([name, { egress }]) =>
            egress.domains.length > MANY_DOMAINS
              ? [
                  atKey(
                    [...BASE, "profiles", name, "egress", "domains"],
                    `${name} reaches ${egress.domains.length} names.`,
                    "Make several profiles with the hosts each needs.",
                  ),
                ]
              : [],
          ),
      },
      {
        id: "sandbox.host_folder",
        severity: "info",
        title: "A folder of the host is read by every run",
        why: "Whatever is put there later is read as well, and may leave with an answer.",
        run: ({ configuration: { config } }) =>
          Object.entries(config.security.sandboxing.docker.volumes).flatMap(([source, { target }]) =>
            target.startsWith("/mnt/")
              ? [
                  atKey(
                    [...DOCKER, "volumes", source],
                    `${source} is mounted as ${target}.`,
                    "Remove it, or keep only what runs need in a folder of its own.",
                  ),
                ]
              : [],
          ),
      },
      {
        id: "sandbox.profile_unused",
        severity: "info",
        title: "A sandbox profile is used by nobody",
        why: "What nobody watches can be widened unnoticed.",
        run: ({ configuration: { config } }) => {
          const { profiles, roles } = config.security.sandboxing;
          const used = new Set([
            ...Object.values(roles).flat(),
            ...Object.values(config.agents).map(({ profile }) => profile),
          ]);
          return Object.keys(profiles)
            .filter((name) => name !== "default" && !used.has(name))
            .map((name) =>
              atKey(
                [...BASE, "profiles", name],
                `No role and no agent names ${name}.`,
                "Remove it, or give it to a role.",
              ),
            );
        },
      },
    ],
  ),
  ...checksOf(
    "sandbox",
    ["configuration", "machine"],
    [
      {
        id: "sandbox.memory_of_machine",
        severity: "warn",
        title: "One run may use most of the machine's memory",
        why: "The gateway and the database stand next to it.",
        run: ({ configuration: { config }, machine }) => {
          const { memory } = config.security.sandboxing.docker.limits;
          return memory > machine.memoryBytes / 2
            ? [
                atKey(
                  [...DOCKER, "limits", "memory"],
                  `A run may use ${Math.round(memory / 1024 ** 2)} MiB of ${Math.round(machine.memoryBytes / 1024 ** 2)} MiB.`,
                  "Use 512m, or what your programs need.",
                  { command: setKey([...DOCKER, "limits", "memory"], "512m") },
                ),
              ]
            : [];
        },
      },
      {
        id: "sandbox.cpu_of_machine",
        severity: "warn",
        title: "One run may use every processor",
        why: "The gateway answers late while a program computes.",
        run: ({ configuration: { config }, machine }) => {
          const { cpu } = config.security.sandboxing.docker.limits;
          return cpu >= machine.cpus
            ? [
                atKey(
                  [...DOCKER, "limits", "cpu"],
                  `A run may use ${cpu} of ${machine.cpus} cores.`,
                  "Use 0.5, or what your programs need.",
                  { command: setKey([...DOCKER, "limits", "cpu"], "0.5") },
                ),
              ]
            : [];
        },
      },
    ],
  ),
];
