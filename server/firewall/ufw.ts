/** The rules as a shell script of `ufw` commands. Pure. */
import { egressScript } from "#server/firewall/iptables.ts";
import { EXCEPT_SSH, familyRules, header, type RuleOptions } from "#server/firewall/rules.ts";
import type { FirewallIntent } from "#server/firewall/schema.ts";

/** The first rule that matches counts, so the openings stand before what closes the port. */
export function ufwScript(intent: FirewallIntent, { sshPort }: RuleOptions): string {
  const { port } = intent;
  const open = familyRules(intent).flatMap(({ family, to, from }) =>
    (from ?? [family === "v4" ? "0.0.0.0/0" : "::/0"]).map(
      (network) =>
        `ufw allow proto tcp from ${network} to ${to ?? (family === "v4" ? "0.0.0.0/0" : "::/0")} port ${port}`,
    ),
  );
  return `#!/bin/sh
${header(intent, "ufw", "sh")}
#
# Rules of an earlier configuration stay: look with \`ufw status numbered\`, remove with \`ufw delete NUMBER\`.
# For IPv6, /etc/default/ufw must say IPV6=yes, as it does unless it was changed.
set -eu

# ${EXCEPT_SSH}
${sshPort === null ? "# ufw allow 22/tcp" : `ufw allow ${sshPort}/tcp`}

ufw default deny incoming
ufw allow in on lo

# The gateway
${open.length === 0 ? `# nothing: port ${port} stays closed` : open.join("\n")}
ufw deny ${port}/tcp

ufw --force enable

# Docker goes around ufw. Sandbox containers have no network; should one ever get onto Docker's bridge, it can open no connection.
# These lines last until the next start of the machine.
${egressScript()}
`;
}
