/** Rules that match the configuration, and whether the machine's own do. */
export { compareFirewall } from "#server/firewall/compare.ts";
export { firewallIntent } from "#server/firewall/intent.ts";
export { readMachineRules } from "#server/firewall/read-rules.ts";
export { firewallScript } from "#server/firewall/script.ts";
