/** Rate limits: those that are off, too high to stop anybody, or can never be reached. */
import type { Config } from "#server/config/schema.ts";
import { atKey, checksOf, setKey, type Check, type Hit } from "#server/scan/check.ts";
import { COMMAND_NAMES } from "#server/scan/checks/words.ts";
import type { ConfigPath, ConfigurationFacts } from "#server/scan/facts/sources.ts";

const BASE = ["security", "rateLimit"] as const;
/** Requests per second that no team of people sends. */
const HIGH_GLOBAL = 1_000;
const HIGH_USER = 20;

type Limit = Config["security"]["rateLimit"]["global"];

const perSecond = ({ maxRequests, windowMs }: Limit): number => (maxRequests * 1000) / windowMs;
const words = ({ maxRequests, windowMs }: Limit): string => `${maxRequests} in ${Math.round(windowMs / 1000)} s`;

/** Whether `inner` is always reached after `outer`, which counts whatever it counts: it never decides anything. */
const neverDecides = (inner: Limit, outer: Limit): boolean =>
  !outer.skipSuccessfulRequests &&
  !outer.skipFailedRequests &&
  inner.maxRequests >= outer.maxRequests &&
  inner.windowMs <= outer.windowMs;

function all({ rateLimit }: Config["security"]): [path: ConfigPath, limit: Limit][] {
  const { global, perUser, perChannel, roleLimits, commandLimits } = rateLimit;
  return [
    [[...BASE, "global"], global],
    [[...BASE, "perUser"], perUser],
    [[...BASE, "perChannel"], perChannel],
    ...Object.entries(roleLimits).map(([role, limit]): [ConfigPath, Limit] => [[...BASE, "roleLimits", role], limit]),
    ...Object.entries(commandLimits).map(([name, limit]): [ConfigPath, Limit] => [
      [...BASE, "commandLimits", name],
      limit,
    ]),
  ];
}

const inForce = ({ config }: ConfigurationFacts): boolean => config.security.rateLimit.enabled;

export const LIMIT_CHECKS: readonly Check[] = checksOf(
  "limits",
  ["configuration"],
  [
    {
      id: "limits.global_high",
      severity: "warn",
      title: "The limit of all requests stops nobody",
      why: "The machine is at its end before the limit is.",
      run: ({ configuration }) => {
        const { global } = configuration.config.security.rateLimit;
        return inForce(configuration) && perSecond(global) > HIGH_GLOBAL
          ? [
              atKey(
                [...BASE, "global", "maxRequests"],
                `security.rateLimit.global allows ${words(global)}.`,
                "Lower it to what your clients send.",
                { command: setKey([...BASE, "global", "maxRequests"], "1000") },
              ),
            ]
          : [];
      },
    },
    {
      id: "limits.per_user_high",
      severity: "warn",
      title: "The limit of each user stops nobody",
      why: "One stolen account sends as much as all others together.",
      run: ({ configuration }) => {
        const { perUser } = configuration.config.security.rateLimit;
        return inForce(configuration) && perSecond(perUser) > HIGH_USER
          ? [
              atKey(
                [...BASE, "perUser", "maxRequests"],
                `security.rateLimit.perUser allows ${words(perUser)}.`,
                "Lower it to what a person sends.",
                { command: setKey([...BASE, "perUser", "maxRequests"], "100") },
              ),
            ]
          : [];
      },
    },
    {
      id: "limits.per_user_unreachable",
      severity: "warn",
      title: "The limit of each user can never be reached",
      why: "The one of all requests is reached first: a single user keeps everybody else out.",
      run: ({ configuration }) => {
        const { global, perUser } = configuration.config.security.rateLimit;
        return inForce(configuration) && neverDecides(perUser, global)
          ? [
              atKey(
                [...BASE, "perUser", "maxRequests"],
                `security.rateLimit.perUser allows ${words(perUser)}, global ${words(global)}.`,
                "Lower the one of each user.",
                { command: setKey([...BASE, "perUser", "maxRequests"], "100") },
              ),
            ]
          : [];
      },
    },
    {
      id: "limits.per_channel_unreachable",
      severity: "info",
      title: "The limit of each channel can never be reached",
      why: "The one of all requests is reached first: one channel keeps all others out.",
      run: ({ configuration }) => {
        const { global, perChannel } = configuration.config.security.rateLimit;
        return inForce(configuration) && neverDecides(perChannel, global)
          ? [
              atKey(
                [...BASE, "perChannel", "maxRequests"],
                `security.rateLimit.perChannel allows ${words(perChannel)}, global ${words(global)}.`,
                "Lower the one of each channel.",
              ),
            ]
          : [];
      },
    },
    {
      id: "limits.special_unreachable",
      severity: "info",
      title: "The limit of a role or command can never be reached",
      why: "It looks like a control; the limit of each user is reached first.",
      run: ({ configuration }) => {
        const { perUser, roleLimits, commandLimits } = configuration.config.security.rateLimit;
        const named: [kind: string, limits: Readonly<Record<string, Limit>>][] = [
          ["roleLimits", roleLimits],
          ["commandLimits", commandLimits],
        ];
        return inForce(configuration)
          ? named.flatMap(([kind, limits]) =>
              Object.entries(limits).flatMap(([name, limit]) =>
                neverDecides(limit, perUser)
                  ? [
                      atKey(
                        [...BASE, kind, name],
                        `${kind}.${name} allows ${words(limit)}, perUser ${words(perUser)}.`,
                        "Lower it, or remove it.",
                      ),
                    ]
                  : [],
              ),
            )
          : [];
      },
    },
    {
      id: "limits.counts_nothing",
      severity: "critical",
      title: "A limit counts nothing",
      why: "Requests that succeed and requests that fail are both given back: it looks like a limit and is none.",
      run: ({ configuration }) =>
        all(configuration.config.security)
          .filter(([, { skipSuccessfulRequests, skipFailedRequests }]) => skipSuccessfulRequests && skipFailedRequests)
          .map(([path]) =>
            atKey(
              [...path, "skipFailedRequests"],
              `${path.join(".")} skips successful and failed requests.`,
              "Count at least one of them.",
              { command: setKey([...path, "skipFailedRequests"], "false") },
            ),
          ),
    },
    {
      id: "limits.failures_free",
      severity: "warn",
      title: "Requests that fail are free for a user",
      why: "Trying things until one works costs nothing.",
      run: ({ configuration }): Hit[] => {
        const { perUser } = configuration.config.security.rateLimit;
        return inForce(configuration) && perUser.skipFailedRequests && !perUser.skipSuccessfulRequests
          ? [
              atKey(
                [...BASE, "perUser", "skipFailedRequests"],
                "security.rateLimit.perUser.skipFailedRequests is true.",
                "Count failures too.",
                { command: setKey([...BASE, "perUser", "skipFailedRequests"], "false") },
              ),
            ]
          : [];
      },
    },
    {
      id: "limits.unknown_command",
      severity: "info",
      title: "A limit is for a command that does not exist",
      why: "It looks like a limit and never applies.",
      run: ({ configuration: { config } }) =>
        Object.keys(config.security.rateLimit.commandLimits)
          .filter((name) => !COMMAND_NAMES.includes(name))
          .map((name) =>
            atKey(
              [...BASE, "commandLimits", name],
              `There is no command ${name}.`,
              `Use one of: ${COMMAND_NAMES.join(", ")}.`,
            ),
          ),
    },
    {
      id: "limits.run_unlimited",
      severity: "info",
      title: "Starting programs has no limit of its own",
      why: "A run costs a container, a message nearly nothing; one number for both is too high for the one.",
      run: ({ configuration }) => {
        const { commandLimits } = configuration.config.security.rateLimit;
        return inForce(configuration) &&
          configuration.config.security.sandboxing.enabled &&
          commandLimits["run"] === undefined
          ? [
              atKey([...BASE, "commandLimits"], "security.rateLimit.commandLimits has no run.", "Add one.", {
                command: setKey([...BASE, "commandLimits", "run"], "{windowMs:60000,maxRequests:20}"),
              }),
            ]
          : [];
      },
    },
    {
      id: "limits.local_on_outage",
      severity: "info",
      title: "Limits are counted by each process alone while their store is away",
      why: "With n servers a caller then gets n times as much; an attacker may bring the outage about.",
      run: ({ configuration: { config } }) =>
        config.security.rateLimit.onStoreFailure === "local"
          ? [
              atKey([...BASE, "onStoreFailure"], "security.rateLimit.onStoreFailure is local.", "Refuse instead.", {
                command: setKey([...BASE, "onStoreFailure"], "deny"),
              }),
            ]
          : [],
    },
  ],
);
