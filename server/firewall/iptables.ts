/** The rules as a shell script around `iptables-restore`. Pure. */
import { BRIDGE, EXCEPT_SSH, familyRules, header, type RuleOptions } from "#server/firewall/rules.ts";
import type { Family, FirewallIntent } from "#server/firewall/schema.ts";

const INPUT = "OPENCLAW-INPUT";
const EGRESS = "OPENCLAW-EGRESS";
const TOOL = { v4: "iptables", v6: "ip6tables" } as const satisfies Record<Family, string>;

/** What `iptables-restore --noflush` takes: two chains of our own, replaced as a whole. */
export function restoreText(intent: FirewallIntent, family: Family, { sshPort }: RuleOptions): string {
  const openings = familyRules(intent).filter((opening) => opening.family === family);
  const open = openings.flatMap(({ to, from }) =>
    (from ?? [null]).map((network) =>
      [
        `-A ${INPUT}`,
        ...(network === null ? [] : [`-s ${network}`]),
        ...(to === null ? [] : [`-d ${to}`]),
        `-p tcp -m tcp --dport ${intent.port} -j ACCEPT`,
      ].join(" "),
    ),
  );
  const own =
    family === "v4"
      ? ["-p icmp -j ACCEPT"]
      : ["-p ipv6-icmp -j ACCEPT", "-s fe80::/10 -p udp -m udp --dport 546 -j ACCEPT"];
  return [
    "*filter",
    `:${INPUT} - [0:0]`,
    `:${EGRESS} - [0:0]`,
    `-A ${INPUT} -i lo -j ACCEPT`,
    `-A ${INPUT} -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT`,
    `-A ${INPUT} -m conntrack --ctstate INVALID -j DROP`,
    ...own.map((rule) => `-A ${INPUT} ${rule}`),
    `# ${EXCEPT_SSH}`,
    sshPort === null
      ? `# -A ${INPUT} -p tcp -m tcp --dport 22 -j ACCEPT`
      : `-A ${INPUT} -p tcp -m tcp --dport ${sshPort} -j ACCEPT`,
    ...(open.length === 0 ? [`# The gateway's port ${intent.port} stays closed.`] : open),
    `-A ${INPUT} -j DROP`,
    `-A ${EGRESS} -i ${BRIDGE} -m conntrack --ctstate NEW -j DROP`,
    `-A ${EGRESS} -j RETURN`,
    "COMMIT",
    "",
  ].join("\n");
}

/** May be run any number of times; rules of others stay as they are, behind ours. */
export function iptablesScript(intent: FirewallIntent, options: RuleOptions): string {
  const part = (family: Family): string => `${TOOL[family]}-restore --noflush <<'RULES'
${restoreText(intent, family, options)}RULES
${TOOL[family]} -C INPUT -j ${INPUT} 2>/dev/null || ${TOOL[family]} -I INPUT 1 -j ${INPUT}
${closedEgress(family)}`;
  return `#!/bin/sh
${header(intent, "iptables", "sh")}
#
# They last until the next start of the machine; iptables-persistent or your distribution's own way keeps them.
set -eu

${part("v4")}

${part("v6")}
`;
}

/** Docker asks DOCKER-USER before its own rules; where Docker is not there yet, FORWARD. */
function closedEgress(family: Family): string {
  const tool = TOOL[family];
  return `chain=FORWARD
if ${tool} -n -L DOCKER-USER >/dev/null 2>&1; then chain=DOCKER-USER; fi
${tool} -C "$chain" -j ${EGRESS} 2>/dev/null || ${tool} -I "$chain" 1 -j ${EGRESS}`;
}

/** The part for containers alone, for firewalls that Docker goes around. */
export function egressScript(): string {
  return (["v4", "v6"] as const)
    .map(
      (family) => `${TOOL[family]}-restore --noflush <<'RULES'
*filter
:${EGRESS} - [0:0]
-A ${EGRESS} -i ${BRIDGE} -m conntrack --ctstate NEW -j DROP
-A ${EGRESS} -j RETURN
COMMIT
RULES
${closedEgress(family)}`,
    )
    .join("\n\n");
}
