/** Workers and the engine behind the sandbox. */
import { atKey, checksOf, setKey, type Check } from "#server/scan/check.ts";
import type { EngineState } from "#server/scan/facts/sources.ts";

import { isOlder } from "#server/scan/facts/dependencies.ts";

const BASE = ["security", "sandboxing"] as const;
const DOCKER = [...BASE, "docker"] as const;
const OLDEST_ENGINE = "20.10.0";
const MANY_APPROVALS = 20;

const live = ({ workers }: EngineState) => workers.filter(({ alive }) => alive);

export const ENGINE_CHECKS: readonly Check[] = [
  ...checksOf(
    "sandbox",
    ["engine", "configuration"],
    [
      {
        id: "sandbox.no_worker",
        severity: "info",
        title: "No sandbox worker runs",
        why: "Every run waits or is refused.",
        run: ({ engine, configuration: { config } }) =>
          config.security.sandboxing.enabled && live(engine).length === 0
            ? [
                {
                  subject: "worker",
                  evidence: "No worker has been heard of in the last 15 seconds.",
                  fix: "Start one.",
                  command: "openclaw start --only worker",
                },
              ]
            : [],
      },
      {
        id: "sandbox.engine_unreachable",
        severity: "warn",
        title: "A worker cannot reach its engine",
        why: "Runs are refused; somebody may soon look for a way around the sandbox.",
        run: ({ engine }) =>
          live(engine)
            .filter((worker) => !worker.engine.reachable)
            .map(({ id, engine: { endpoint } }) => ({
              subject: `worker ${id}`,
              evidence: `${id} cannot reach ${endpoint}.`,
              fix: "Start Docker Engine.",
              command: "systemctl start docker",
            })),
      },
      {
        id: "sandbox.image_missing",
        severity: "warn",
        title: "The image for runs is not there",
        why: "Runs are refused until it is made.",
        run: ({ engine }) =>
          live(engine)
            .filter((worker) => worker.engine.reachable && worker.engine.imageDigest === null)
            .map(({ id, engine: { image } }) => ({
              subject: `worker ${id}`,
              evidence: `${image ?? "The image"} is not on the engine of ${id}.`,
              fix: "Make the image.",
              command: "npm start",
            })),
      },
      {
        id: "sandbox.image_changed",
        severity: "critical",
        title: "The image is not the one that is pinned",
        why: "It was built or pulled anew; runs are refused until somebody decides whether that is right.",
        run: ({ engine, configuration: { config } }) => {
          const { digest, image } = config.security.sandboxing.docker;
          return live(engine)
            .filter(
              (worker) =>
                digest !== undefined &&
                worker.engine.image === image &&
                worker.engine.imageDigest !== null &&
                worker.engine.imageDigest !== digest,
            )
            .map(({ id, engine: { imageDigest } }) => ({
              ...atKey(
                [...DOCKER, "digest"],
                `${image} on the engine of ${id} is ${imageDigest ?? ""}.`,
                "Find out who changed it; then write the new digest or restore the old image.",
              ),
              subject: `worker ${id}`,
            }));
        },
      },
      {
        id: "sandbox.engine_old",
        severity: "warn",
        title: "The container engine is old",
        why: "Older ones let containers out (CVE-2019-5736, CVE-2022-0492).",
        run: ({ engine }) =>
          live(engine)
            .filter((worker) => worker.engine.version !== null && isOlder(worker.engine.version, OLDEST_ENGINE))
            .map(({ id, engine: { version } }) => ({
              subject: `worker ${id}`,
              evidence: `The engine of ${id} is ${version ?? ""}.`,
              fix: `Update it to ${OLDEST_ENGINE} or later.`,
            })),
      },
      {
        id: "sandbox.engine_over_network",
        severity: "critical",
        title: "The engine is spoken to over the network without encryption",
        why: "Whoever reaches that port is root on the engine's machine.",
        run: ({ engine }) =>
          live(engine)
            .filter((worker) => /^(?:tcp|http):\/\/.*:2375$|^http:/.test(worker.engine.endpoint))
            .map(({ id, engine: { endpoint } }) => ({
              subject: `worker ${id}`,
              evidence: `${id} uses ${endpoint}.`,
              fix: "Use the engine's own socket, or TLS on port 2376.",
            })),
      },
      {
        id: "sandbox.gvisor_unused",
        severity: "info",
        title: "A stronger sandbox is installed and not used",
        why: "With gVisor a program does not reach the kernel of the host.",
        run: ({ engine, configuration: { config } }) => {
          const { docker, profiles } = config.security.sandboxing;
          const used = docker.runtime === "runsc" || Object.values(profiles).some(({ runtime }) => runtime === "runsc");
          return !used && live(engine).some((worker) => worker.engine.runtimes.includes("runsc"))
            ? [
                atKey(
                  [...DOCKER, "runtime"],
                  "The engine has runsc, and security.sandboxing.docker.runtime is runc.",
                  "Use it; it needs limits.processes of 128.",
                  { command: setKey([...DOCKER, "runtime"], "runsc") },
                ),
              ]
            : [];
        },
      },
      {
        id: "sandbox.runtime_missing",
        severity: "warn",
        title: "The runtime that is asked for is not installed",
        why: "Runs are refused.",
        run: ({ engine, configuration: { config } }) => {
          const { runtime } = config.security.sandboxing.docker;
          const workers = live(engine).filter((worker) => worker.engine.reachable);
          return workers.length > 0 && !workers.some((worker) => worker.engine.runtimes.includes(runtime))
            ? [
                atKey([...DOCKER, "runtime"], `No engine has ${runtime}.`, "Install it, or use runc.", {
                  command: setKey([...DOCKER, "runtime"], "runc"),
                }),
              ]
            : [];
        },
      },
      {
        id: "sandbox.approvals_pile_up",
        severity: "info",
        title: "Many runs wait for approval",
        why: "Whoever works off a pile does not read any more.",
        run: ({ engine: { pendingApprovals } }) =>
          pendingApprovals > MANY_APPROVALS
            ? [
                {
                  subject: "approvals",
                  evidence: `${pendingApprovals} runs wait.`,
                  fix: "Read and decide them, or ask fewer profiles for approval.",
                  command: "openclaw runs approvals",
                },
              ]
            : [],
      },
    ],
  ),
];
