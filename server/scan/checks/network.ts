/** Where the gateway listens, whom it believes, and where it connects to itself. */
import { parseAddressList } from "#server/core/http/address.ts";
import type { FirewallDisagreement } from "#server/firewall/schema.ts";
import { atKey, checksOf, setKey, type Check } from "#server/scan/check.ts";
import { isLoopbackBind, isLoopbackHost } from "#server/scan/checks/words.ts";

const GATEWAY = ["gateway"] as const;
/** Enough for any proxy's pool or browser. */
const MANY_CONNECTIONS = 2_048;
const MANY_PORTS = 16;

const prefixOf = (block: string): number | null => {
  const written = /\/(\d{1,3})$/.exec(block)?.[1];
  return written === undefined ? null : Number(written);
};

/** How bad each is depends on whether the gateway can be reached from outside: the comparison says. */
const FIREWALL: readonly [id: FirewallDisagreement["id"], title: string, why: string][] = [
  ["no_firewall", "This machine has no firewall", "Every service that is started on it is open to whoever reaches it."],
  [
    "inbound_open",
    "The firewall lets everything in",
    "Every service that is started on it is open to whoever reaches it.",
  ],
  [
    "port_open_to_others",
    "The firewall lets in whom the configuration keeps out",
    "One mistake in the configuration is then enough.",
  ],
  [
    "port_closed",
    "The firewall keeps out whom the configuration lets in",
    "Clients cannot connect, and somebody may switch the firewall off for it.",
  ],
  [
    "containers_reach_out",
    "Containers may connect to other machines",
    "Should a run get a network, nothing else holds it.",
  ],
];

export const NETWORK_CHECKS: readonly Check[] = [
  ...checksOf(
    "network",
    ["firewall"],
    FIREWALL.map(([id, title, why]) => ({
      id: `network.firewall_${id}`,
      severity: "warn" as const,
      title,
      why,
      run: ({ firewall }: { firewall: readonly FirewallDisagreement[] }) =>
        firewall
          .filter((disagreement) => disagreement.id === id)
          .map(({ severity, evidence, fix }) => ({
            subject: `firewall: ${id}`,
            severity,
            evidence,
            ...(fix.startsWith("openclaw ")
              ? { fix: "Load the rules that match the configuration:", command: fix }
              : { fix }),
          })),
    })),
  ),
  ...checksOf(
    "network",
    ["configuration"],
    [
      {
        id: "network.any_source",
        severity: "info",
        title: "Any address may connect",
        why: "A list of addresses keeps strangers from even trying; it costs nothing where the clients are known.",
        run: ({ configuration: { config } }) => {
          const { bind, allowedIps } = config.gateway;
          return isLoopbackBind(config) || allowedIps.length > 0
            ? []
            : [
                atKey(
                  [...GATEWAY, "allowedIps"],
                  `gateway.bind is ${bind}, and gateway.allowedIps lets every address connect.`,
                  "List the networks of your clients and this machine.",
                  { command: setKey([...GATEWAY, "allowedIps"], '["10.0.0.0/8","127.0.0.1","::1"]') },
                ),
              ];
        },
      },
      {
        id: "network.sources_everybody",
        severity: "warn",
        title: "The list of addresses lets everybody in",
        why: "It looks like a control and is none.",
        run: ({ configuration: { config } }) =>
          config.gateway.allowedIps.flatMap((block, index) =>
            parseAddressList([block]).includes("0.0.0.0") && parseAddressList([block]).includes("255.255.255.255")
              ? [
                  atKey(
                    [...GATEWAY, "allowedIps", index],
                    `gateway.allowedIps holds ${block}, which is every IPv4 address.`,
                    "Name the networks of your clients, or remove the list.",
                  ),
                ]
              : (prefixOf(block) ?? 128) === 0
                ? [
                    atKey(
                      [...GATEWAY, "allowedIps", index],
                      `gateway.allowedIps holds ${block}, which is every address.`,
                      "Name the networks of your clients, or remove the list.",
                    ),
                  ]
                : [],
          ),
      },
      {
        id: "network.plain_origin",
        severity: "warn",
        title: "The console may be used over plain HTTP",
        why: "Passwords, codes and session cookies can be read and changed on the way.",
        run: ({ configuration: { config } }) =>
          config.gateway.allowedOrigins.flatMap((origin, index) => {
            const { protocol, hostname } = new URL(origin);
            return protocol === "http:" && !isLoopbackHost(hostname)
              ? [
                  atKey(
                    [...GATEWAY, "allowedOrigins", index],
                    `gateway.allowedOrigins holds ${origin}.`,
                    "Serve the console over https, and write that origin.",
                  ),
                ]
              : [];
          }),
      },
      {
        id: "network.many_origins",
        severity: "info",
        title: "Many origins may use the console",
        why: "Each of them can act in the name of whoever is signed in, should it be taken over.",
        run: ({ configuration: { config } }) =>
          config.gateway.allowedOrigins.length > MANY_PORTS
            ? [
                atKey(
                  [...GATEWAY, "allowedOrigins"],
                  `gateway.allowedOrigins holds ${config.gateway.allowedOrigins.length} origins.`,
                  "Keep those under which people really open the console.",
                ),
              ]
            : [],
      },
      {
        id: "network.many_connections",
        severity: "warn",
        title: "One address may hold very many connections",
        why: "A single client can use up what the machine has for all.",
        run: ({ configuration: { config } }) =>
          config.gateway.maxConnectionsPerAddress > MANY_CONNECTIONS
            ? [
                atKey(
                  [...GATEWAY, "maxConnectionsPerAddress"],
                  `gateway.maxConnectionsPerAddress is ${config.gateway.maxConnectionsPerAddress}.`,
                  "Remove the key to use 256.",
                  { command: setKey([...GATEWAY, "maxConnectionsPerAddress"], "256") },
                ),
              ]
            : [],
      },
      {
        id: "network.low_port",
        severity: "info",
        title: "The gateway listens on a port that needs root",
        why: "A process that may open ports below 1024 has more rights than it needs.",
        run: ({ configuration: { config } }) =>
          config.gateway.port > 0 && config.gateway.port < 1024
            ? [
                atKey(
                  [...GATEWAY, "port"],
                  `gateway.port is ${config.gateway.port}.`,
                  "Listen on a port from 1024, and let a proxy or the firewall forward to it.",
                  { command: setKey([...GATEWAY, "port"], "18789") },
                ),
              ]
            : [],
      },
      {
        id: "network.proxies_without_use",
        severity: "info",
        title: "A proxy is trusted by its whole network",
        why: "Every machine of that network may claim to be any client.",
        run: ({ configuration: { config } }) =>
          config.gateway.trustedProxies.flatMap((block, index) => {
            const prefix = prefixOf(block);
            const wide =
              prefix !== null && prefix < (block.includes(":") ? 112 : 24) && prefix >= (block.includes(":") ? 7 : 8);
            return wide
              ? [
                  atKey(
                    [...GATEWAY, "trustedProxies", index],
                    `gateway.trustedProxies holds ${block}.`,
                    "Name the addresses of the proxies themselves.",
                  ),
                ]
              : [];
          }),
      },
      {
        id: "network.outbound_wide",
        severity: "warn",
        title: "A whole private network is open to outgoing connections",
        why: "An address in a setting, a channel or an answer can then lead to anything in it.",
        run: ({ configuration: { config } }) =>
          config.security.outbound.allowedPrivate.flatMap((entry, index) => {
            const prefix = prefixOf(entry);
            return prefix !== null && prefix < (entry.includes(":") ? 96 : 24)
              ? [
                  atKey(
                    ["security", "outbound", "allowedPrivate", index],
                    `security.outbound.allowedPrivate holds ${entry}.`,
                    "Name the hosts and ports that are called.",
                  ),
                ]
              : [];
          }),
      },
      {
        id: "network.outbound_any_port",
        severity: "info",
        title: "A private host is open on every port",
        why: "What is meant is one service; the host has others.",
        run: ({ configuration: { config } }) =>
          config.security.outbound.allowedPrivate.flatMap((entry, index) =>
            !entry.includes("/") && !/(?:^[^:]+|\]):\d+$/.test(entry)
              ? [
                  atKey(
                    ["security", "outbound", "allowedPrivate", index],
                    `security.outbound.allowedPrivate holds ${entry} without a port.`,
                    "Add the port, such as ollama:11434.",
                  ),
                ]
              : [],
          ),
      },
    ],
  ),
];
