import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { compareFirewall } from "#server/firewall/compare.ts";
import { canonicalNetwork, firewallIntent } from "#server/firewall/intent.ts";
import { restoreText } from "#server/firewall/iptables.ts";
import { parseIptables } from "#server/firewall/parse-iptables.ts";
import { networkHolds } from "#server/firewall/ruleset.ts";
import { firewallScript } from "#server/firewall/script.ts";
import { FIREWALL_FORMATS } from "#server/firewall/schema.ts";
import { Gateway } from "#server/config/schema/gateway.ts";

const intentOf = (gateway: Record<string, unknown>) => firewallIntent({ gateway: Gateway.parse(gateway) });
const TLS = { tls: { enabled: true, cert: "/c", key: "/k" } };
const CASES = {
  "this machine only": {},
  "everybody, both families": { bind: "::", ...TLS },
  "listed networks, IPv4": { bind: "0.0.0.0", allowedIps: ["192.168.1.7/24", "2001:db8::1"], ...TLS },
  "one address, listed networks and a proxy": {
    bind: "2001:db8::5",
    port: 443,
    allowedIps: ["2001:DB8:1::/48", "10.0.0.0/8"],
    trustedProxies: ["2001:db8::99"],
    ...TLS,
  },
  "a proxy ends TLS": { bind: "10.1.2.3", trustedProxies: ["10.1.2.9"], tls: { terminatedByProxy: true } },
};

const machine = (texts: { v4?: string; v6?: string }) => ({
  v4: [parseIptables(texts.v4 ?? "")].filter((table) => table !== null),
  v6: [parseIptables(texts.v6 ?? "")].filter((table) => table !== null),
  readBy: [],
  problems: [],
  ufw: null,
});
const OPTIONS = { sshPort: null };
/** What `iptables-save` says after our script ran. */
const saved = (gateway: Record<string, unknown>) => {
  const intent = intentOf(gateway);
  const text = (family: "v4" | "v6") =>
    restoreText(intent, family, OPTIONS).replace(
      "*filter\n",
      "*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -j OPENCLAW-INPUT\n",
    );
  return machine({ v4: text("v4"), v6: text("v6") });
};

describe("NET-5 rules that match the configuration", () => {
  test.each(Object.entries(CASES))("%s", (_, gateway) => {
    const intent = intentOf(gateway);
    for (const format of FIREWALL_FORMATS) {
      expect(firewallScript(intent, format, OPTIONS)).toMatchSnapshot(format);
    }
  });

  test("SSH is asked about, and opened when a port is given", () => {
    const intent = intentOf({});
    for (const format of FIREWALL_FORMATS) {
      const asked = firewallScript(intent, format, OPTIONS);
      expect(asked).toMatch(/lock yourself out/);
      expect(commands(asked)).not.toMatch(/\b22\b/);
      expect(commands(firewallScript(intent, format, { sshPort: 2222 }))).toMatch(/\b2222\b/);
    }
  });

  test("a port that changes with each start gets no rules", () => {
    expect(() => intentOf({ port: 0 })).toThrow(/gateway\.port/);
  });

  test("no value of the configuration becomes a command: what is no address is refused, whatever the schema let pass", () => {
    const gateway = Gateway.parse({ bind: "0.0.0.0", ...TLS });
    fc.assert(
      fc.property(
        fc.oneof(fc.string(), fc.constantFrom("10.0.0.1; reboot", "$(id)", "10.0.0.0/8\nflush ruleset", "`id`")),
        (text) => {
          try {
            const { v4, v6 } = firewallIntent({ gateway: { ...gateway, allowedIps: [text] } });
            expect([...(v4.sources ?? []), ...(v6.sources ?? [])].join(" ")).toMatch(/^[0-9a-f.:]+\/\d{1,3}$/);
          } catch (error) {
            expect(error).toMatchObject({ code: "INVALID_INPUT" });
          }
        },
      ),
    );
    expect(() => firewallIntent({ gateway: { ...gateway, bind: "0.0.0.0; reboot" } })).toThrow(/gateway\.bind/);
  });

  test("networks are written in one way, with the bits of the host cleared", () => {
    expect(canonicalNetwork("192.168.1.7/24")).toBe("192.168.1.0/24");
    expect(canonicalNetwork("::ffff:10.0.0.1")).toBe("10.0.0.1/32");
    expect(canonicalNetwork("2001:DB8:0:1::5/64")).toBe("2001:db8:0:1::/64");
    expect(canonicalNetwork("::/0")).toBe("::/0");
    const address = fc.oneof(fc.ipV4(), fc.ipV6());
    fc.assert(
      fc.property(address, fc.nat(128), (ip, bits) => {
        const isV4 = !ip.includes(":");
        fc.pre(isV4 ? bits <= 32 : !canonicalNetwork(ip).includes("."));
        const network = canonicalNetwork(`${ip}/${bits}`);
        expect(canonicalNetwork(network)).toBe(network);
        expect(networkHolds(network, canonicalNetwork(ip).replace(/\/\d+$/, ""))).toBe(true);
      }),
    );
  });
});

describe("NET-5 the machine's rules against the configuration", () => {
  test.each(Object.entries(CASES))("what we print agrees with itself: %s", (_, gateway) => {
    expect(compareFirewall(intentOf(gateway), saved(gateway))).toEqual({
      verdict: "agrees",
      disagreements: [],
      unknown: [],
    });
  });

  test("no rules at all: a finding for a gateway that others reach, advice for one they do not", () => {
    const outside = compareFirewall(intentOf({ bind: "::", ...TLS }), machine({}));
    expect(outside.disagreements.map(({ id, severity }) => [id, severity])).toEqual([
      ["no_firewall", "warn"],
      ["no_firewall", "warn"],
    ]);
    expect(outside.verdict).toBe("disagrees");
    const inside = compareFirewall(intentOf({}), machine({}));
    expect(inside.disagreements.every(({ severity }) => severity === "info")).toBe(true);
    expect(inside.verdict).toBe("agrees");
  });

  test("the port is open to others, or closed to those who may", () => {
    const gateway = { bind: "0.0.0.0", allowedIps: ["192.168.1.0/24"], ...TLS };
    const open = "*filter\n:INPUT DROP [0:0]\n-A INPUT -p tcp -m tcp --dport 18789 -j ACCEPT\nCOMMIT\n";
    expect(ids(gateway, open)).toEqual(["port_open_to_others"]);
    const closed = "*filter\n:INPUT DROP [0:0]\n-A INPUT -s 10.0.0.0/8 -p tcp -m tcp --dport 18789 -j ACCEPT\nCOMMIT\n";
    expect(ids(gateway, closed)).toEqual(["port_closed"]);
    const all = "*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT\nCOMMIT\n";
    expect(ids(gateway, all)).toEqual(["inbound_open", "port_open_to_others"]);
  });

  test("rules of ufw, with chains in chains, are followed", () => {
    const ufw = [
      "*filter",
      ":INPUT DROP [0:0]",
      ":ufw-before-input - [0:0]",
      ":ufw-user-input - [0:0]",
      "-A INPUT -j ufw-before-input",
      "-A ufw-before-input -i lo -j ACCEPT",
      "-A ufw-before-input -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
      "-A ufw-before-input -j ufw-user-input",
      "-A ufw-user-input -s 192.168.1.0/24 -p tcp -m tcp --dport 18789 -j ACCEPT",
      "-A ufw-user-input -p tcp -m tcp --dport 18789 -j DROP",
      "COMMIT",
    ].join("\n");
    expect(ids({ bind: "0.0.0.0", allowedIps: ["192.168.1.0/24"], ...TLS }, ufw)).toEqual([]);
    expect(ids({ bind: "0.0.0.0", ...TLS }, ufw)).toEqual(["port_closed"]);
  });

  test("what cannot be judged or read is said and never taken for agreement", () => {
    const gateway = { bind: "0.0.0.0", allowedIps: ["192.168.1.0/24"], ...TLS };
    const vague = "*filter\n:INPUT DROP [0:0]\n-A INPUT -m geoip --source-country DE -j ACCEPT\nCOMMIT\n";
    const compared = compareFirewall(intentOf(gateway), machine({ v4: vague }));
    expect(compared.verdict).toBe("unknown");
    expect(compared.unknown).not.toEqual([]);
    const unread = { v4: null, v6: null, readBy: [], problems: ["nft: Operation not permitted"], ufw: null };
    expect(compareFirewall(intentOf(gateway), unread).verdict).toBe("unknown");
  });

  function ids(gateway: Record<string, unknown>, v4: string): string[] {
    return compareFirewall(intentOf(gateway), machine({ v4 })).disagreements.map(({ id }) => id);
  }
});

/** The lines that do something. */
const commands = (script: string): string =>
  script
    .split("\n")
    .filter((line) => !line.trim().startsWith("#"))
    .join("\n");
