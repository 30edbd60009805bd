/** `openclaw security firewall`: one script in the format that was asked for. Pure. */
import { iptablesScript } from "#server/firewall/iptables.ts";
import { nftablesScript } from "#server/firewall/nftables.ts";
import type { RuleOptions } from "#server/firewall/rules.ts";
import type { FirewallFormat, FirewallIntent } from "#server/firewall/schema.ts";
import { ufwScript } from "#server/firewall/ufw.ts";

const SCRIPTS = { ufw: ufwScript, nftables: nftablesScript, iptables: iptablesScript } as const satisfies Record<
  FirewallFormat,
  (intent: FirewallIntent, options: RuleOptions) => string
>;

export const firewallScript = (intent: FirewallIntent, format: FirewallFormat, options: RuleOptions): string =>
  SCRIPTS[format](intent, options);
