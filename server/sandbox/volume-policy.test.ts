import { describe, expect, test } from "vitest";
import { sandboxPolicy, type SandboxingConfig } from "#server/sandbox/policy.ts";
import { neverMounted, volumeProblem } from "#server/sandbox/volume-policy.ts";

const problem = (source: string, target = "/mnt/data", mode = "ro") => volumeProblem({ source, target, mode }, []);

describe("SBX-9 CVE-2026-27002 GHSA-ww6v host paths by their spelling", () => {
  test.each(["/srv/data", "/tmp/data", "~/data", "./data", "/home/ana/data", "/srv/a.b", "/etcetera", "/opt/..data"])(
    "%j may be read",
    (source) => expect(problem(source)).toBeNull(),
  );

  test.each([
    "/",
    "//",
    "/etc",
    "/etc/",
    "//etc",
    "/./etc",
    "/srv/../etc",
    "/srv/..",
    "/srv/.",
    "/etc/ssl",
    "/proc",
    "/proc/1/root",
    "/sys",
    "/dev",
    "/dev/shm",
    "/run",
    "/run/docker.sock",
    "/var/run",
    "/var/run/docker.sock",
    "/var",
    "/var/lib",
    "/var/lib/docker/volumes",
    "/boot",
    "/root",
    "/root/.ssh",
    "/home",
    "/home/ana",
    "/home/ana/.aws",
    "~/.ssh",
    "~/.openclaw",
    "~/../etc",
    "./../etc",
    "./",
    "~/",
    "/srv/docker.sock",
    "/srv/Docker.Sock",
    "/srv/docker-2.sock",
    "/srv/containerd.sock",
  ])("%j is refused", (source) => expect(problem(source)).not.toBeNull());

  test.each([
    "/workspace",
    "/tmp",
    "/etc",
    "/",
    "/mnt",
    "/mnt/",
    "/mnt/a/b",
    "/mnt/..",
    "/mnt/.a",
    "//mnt/a",
    "/MNT/a",
    "/mnt/A",
    "mnt/a",
  ])("the place %j in the container is refused", (target) =>
    expect(problem("/srv/data", target)).toContain("/mnt/NAME"),
  );

  test("writing to a host path is refused, because it cannot be limited in size", () => {
    expect(problem("/srv/data", "/mnt/data", "rw")).toContain("limited in size");
  });

  test("two volumes cannot share a place", () => {
    expect(volumeProblem({ source: "/srv/b", target: "/mnt/a", mode: "ro" }, [{ target: "/mnt/a" }])).toContain(
      "another volume",
    );
  });

  test("a folder that holds a forbidden one is forbidden, one that begins alike is not", () => {
    for (const folder of ["/", "/var", "/var/lib", "/home"]) {
      expect(neverMounted(folder)).not.toBeNull();
    }
    expect(["/devel", "/var/library", "/var/runner"].map(neverMounted)).toEqual([null, null, null]);
  });

  test("what may be mounted reaches the policy of containers; the private places stay what they are", () => {
    const config: SandboxingConfig = {
      enabled: true,
      type: "docker",
      docker: {
        image: "openclaw/sandbox:latest",
        network: "none",
        allowNetwork: false,
        readonly: true,
        pool: { size: 0 },
        limits: { memory: 2 ** 29, cpu: 1, timeout: 1000, output: 2 ** 20 },
        volumes: {
          "/workspace": { target: "/workspace", mode: "rw" },
          "/tmp": { target: "/tmp", mode: "rw" },
          "/srv/data": { target: "/mnt/data", mode: "ro" },
        },
        securityOpt: [],
        user: "nobody",
        group: "nogroup",
      },
    };
    expect(sandboxPolicy(config)).toMatchObject({
      ok: true,
      policy: { volumes: [{ source: "/srv/data", target: "/mnt/data" }] },
    });
  });
});
