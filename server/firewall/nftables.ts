/** The rules as a file for `nft -f`. Pure. */
import { BRIDGE, EXCEPT_SSH, familyRules, header, type RuleOptions } from "#server/firewall/rules.ts";
import type { FirewallIntent } from "#server/firewall/schema.ts";

const TABLE = "inet openclaw_gateway";

/** Replaces its own table in one step and touches no other; it may be loaded any number of times. */
export function nftablesScript(intent: FirewallIntent, options: RuleOptions): string {
  const { sshPort } = options;
  const open = familyRules(intent).map(({ family, to, from }) => {
    const protocol = family === "v4" ? "ip" : "ip6";
    const source = from === null ? [`meta nfproto ip${family}`] : [`${protocol} saddr { ${from.join(", ")} }`];
    const destination = to === null ? [] : [`${protocol} daddr ${to}`];
    return [...source, ...destination, `tcp dport ${intent.port} accept`].join(" ");
  });
  return `#!/usr/sbin/nft -f
${header(intent, "nftables", "nft -f")}

table ${TABLE}
delete table ${TABLE}
table ${TABLE} {
  chain input {
    type filter hook input priority filter; policy drop;

    iifname "lo" accept
    ct state established,related accept
    ct state invalid drop
    meta l4proto { icmp, ipv6-icmp } accept
    ip6 saddr fe80::/10 udp dport 546 accept comment "DHCPv6"

    # ${EXCEPT_SSH}
    ${sshPort === null ? "# tcp dport 22 accept" : `tcp dport ${sshPort} accept`}

    # The gateway
${open.length === 0 ? `    # nothing: port ${intent.port} stays closed` : open.map((rule) => `    ${rule}`).join("\n")}
  }

  # Sandbox containers have no network. Should one ever get onto Docker's bridge, it can open no connection.
  chain forward {
    type filter hook forward priority filter - 5; policy accept;

    iifname "${BRIDGE}" ct state new drop
  }
}
`;
}
