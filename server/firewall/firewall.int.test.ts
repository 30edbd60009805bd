/** The printed rules in the hands of the real programs, each time in a network of its own that ends with the test. */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { compareFirewall, firewallIntent, firewallScript, readMachineRules } from "#server/firewall/index.ts";
import { Gateway } from "#server/config/schema/gateway.ts";

const TLS = { tls: { enabled: true, cert: "/c", key: "/k" } };
const CASES = [
  {},
  { bind: "::", ...TLS },
  { bind: "0.0.0.0", allowedIps: ["192.168.1.0/24", "10.7.0.1"], ...TLS },
  { bind: "2001:db8::5", allowedIps: ["2001:db8:1::/48"], trustedProxies: ["2001:db8::99"], ...TLS },
];
const MARK = "-----";

/** Why the real program cannot be asked here; null = it can. */
function missing(program: string): string | null {
  const tried = spawnSync("unshare", ["-n", program, "--version"], { encoding: "utf8" });
  return tried.status === 0
    ? null
    : `${program} in a network of its own: ${tried.error?.message ?? tried.stderr.trim()}`;
}

/** Loads `script` twice into an empty network, the second replacing the first, and reads back what the listings say. */
function loadAndRead(load: string, script: string) {
  const folder = mkdtempSync(join(tmpdir(), "openclaw-firewall-"));
  const file = join(folder, "rules");
  writeFileSync(file, script);
  const listings = ["nft -j list ruleset", "iptables-save", "ip6tables-save"];
  const read = listings.map((list) => `(${list} 2>/dev/null || true) && echo ${MARK}`).join(" && ");
  try {
    const shell = `${load} ${file} && ${load} ${file} && ${read}`;
    const [nft = "", v4 = "", v6 = ""] = execFileSync("unshare", ["-n", "sh", "-c", shell], { encoding: "utf8" }).split(
      `${MARK}\n`,
    );
    const texts: Record<string, string> = { nft, "iptables-save": v4, "ip6tables-save": v6 };
    return readMachineRules((program) => {
      const text = texts[program];
      return Promise.resolve(text === undefined || text === "" ? { problem: null } : { text });
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe.each([
  { format: "nftables", program: "nft", load: "nft -f" },
  { format: "iptables", program: "iptables-restore", load: "sh" },
] as const)("NET-5 $program takes the rules, and they do what the configuration asks", ({ format, program, load }) => {
  const reason = missing(program);
  test.skipIf(reason !== null).each(CASES)(`${reason ?? ""} %j`, async (gateway) => {
    const intent = firewallIntent({ gateway: Gateway.parse(gateway) });
    const machine = await loadAndRead(load, firewallScript(intent, format, { sshPort: 22 }));
    expect(compareFirewall(intent, machine)).toEqual({ verdict: "agrees", disagreements: [], unknown: [] });
    // The same rules are wrong for another configuration.
    const other = firewallIntent({ gateway: Gateway.parse({ ...gateway, bind: "::", port: 4, ...TLS }) });
    expect(compareFirewall(other, machine).disagreements.map(({ id }) => id)).toContain("port_closed");
  });
});

test("NET-5 without the right to read, that is said", async () => {
  const denied = { problem: "nft: Operation not permitted (you must be root)" };
  const machine = await readMachineRules(() => Promise.resolve(denied));
  expect(machine).toMatchObject({ v4: null, v6: null });
  const none = await readMachineRules(() => Promise.resolve({ problem: null }));
  expect(none.problems).toEqual(["neither nft nor iptables-save is installed"]);
  const odd = await readMachineRules((program) =>
    Promise.resolve(program === "nft" ? { text: "{}" } : { problem: null }),
  );
  expect(odd.problems.join()).toMatch(/not in the expected form/);
});
