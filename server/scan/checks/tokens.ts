/** API tokens that work. */
import { checksOf, daysBetween, type Check, type Hit } from "#server/scan/check.ts";
import { isLoopbackBind, isWideRole } from "#server/scan/checks/words.ts";
import type { AccessState, TokenFact } from "#server/scan/facts/sources.ts";
import { shellWord } from "#server/scan/shown.ts";

const OLD_DAYS = 90;
const DORMANT_DAYS = 90;
const UNUSED_DAYS = 14;
const SUPERSEDED_DAYS = 7;

const name = ({ id, name: label }: TokenFact): string => `token ${id} (${label})`;
const rotate = ({ id }: TokenFact): string => `openclaw gateway rotate-token ${shellWord(id)} --expires 30d`;
const revoke = ({ id }: TokenFact): string => `openclaw gateway revoke-token ${shellWord(id)}`;

const about = (token: TokenFact, evidence: string, fix: string, command: string): Hit => ({
  subject: `token ${token.id}`,
  evidence: `${name(token)} ${evidence}.`,
  fix,
  command,
});

const isWide = ({ policy }: AccessState, { role, scopes }: TokenFact): boolean =>
  isWideRole(policy, role) && (scopes.length === 0 || scopes.includes("*"));

export const TOKEN_CHECKS: readonly Check[] = [
  ...checksOf(
    "tokens",
    ["access", "configuration"],
    [
      {
        id: "tokens.wide_any_address",
        severity: "warn",
        title: "A token that may do everything works from any address",
        why: "Whoever finds it can use it from anywhere.",
        run: ({ access, configuration: { config } }) =>
          isLoopbackBind(config)
            ? []
            : access.live
                .filter((token) => isWide(access, token) && token.allowedIps.length === 0)
                .map((token) =>
                  about(
                    token,
                    "may do everything, from any address",
                    "Make one that is bound to its client's network, and revoke this one.",
                    revoke(token),
                  ),
                ),
      },
      {
        id: "tokens.above_limit",
        severity: "info",
        title: "An owner holds more tokens than may be made now",
        why: "The limit was lowered, or tokens were made before it; each of them still works.",
        run: ({ access, configuration: { config } }) => {
          const counts = new Map<string, number>();
          access.live
            .filter(({ supersededAt }) => supersededAt === null)
            .forEach(({ owner }) => counts.set(owner, (counts.get(owner) ?? 0) + 1));
          const max = config.gateway.tokenConfig.maxTokens;
          return [...counts]
            .filter(([, count]) => count > max)
            .map(([owner, count]) => ({
              subject: `owner ${owner}`,
              evidence: `${owner} holds ${count} live tokens; gateway.tokenConfig.maxTokens is ${max}.`,
              fix: "Revoke those that are not needed.",
              command: "openclaw gateway list-tokens",
            }));
        },
      },
    ],
  ),
  ...checksOf(
    "tokens",
    ["access"],
    [
      {
        id: "tokens.no_expiry",
        severity: "warn",
        title: "A token never expires",
        why: "Lost or copied, it works for ever.",
        run: ({ access }, at) =>
          access.live
            .filter(({ expiresAt }) => expiresAt === null)
            .map((token) => ({
              ...about(
                token,
                `works for ever, ${daysBetween(token.createdAt, at)} days by now`,
                "Give it an end.",
                rotate(token),
              ),
              ...(isWide(access, token) ? { severity: "critical" as const } : {}),
            })),
      },
      {
        id: "tokens.too_old",
        severity: "warn",
        title: "A token is very old",
        why: "The longer a secret is in use, the more places hold a copy of it.",
        run: ({ access }, at) =>
          access.live
            .filter(({ createdAt }) => daysBetween(createdAt, at) >= OLD_DAYS)
            .map((token) =>
              about(token, `was made ${daysBetween(token.createdAt, at)} days ago`, "Rotate it.", rotate(token)),
            ),
      },
      {
        id: "tokens.dormant",
        severity: "warn",
        title: "A token works that nobody uses",
        why: "It is forgotten, so that nobody would notice its theft.",
        run: ({ access }, at) =>
          access.live
            .filter(({ lastUsedAt }) => lastUsedAt !== null && daysBetween(lastUsedAt, at) >= DORMANT_DAYS)
            .map((token) =>
              about(
                token,
                `was last used ${daysBetween(token.lastUsedAt ?? at, at)} days ago`,
                "Revoke it.",
                revoke(token),
              ),
            ),
      },
      {
        id: "tokens.never_used",
        severity: "info",
        title: "A token was never used",
        why: "It may have been made by mistake, or lost on its way.",
        run: ({ access }, at) =>
          access.live
            .filter(({ lastUsedAt, createdAt }) => lastUsedAt === null && daysBetween(createdAt, at) >= UNUSED_DAYS)
            .map((token) =>
              about(
                token,
                `was made ${daysBetween(token.createdAt, at)} days ago and never used`,
                "Revoke it.",
                revoke(token),
              ),
            ),
      },
      {
        id: "tokens.wide",
        severity: "warn",
        title: "A token may do everything",
        why: "A program in possession of it can make tokens, change rights and read all that was written.",
        run: ({ access }) =>
          access.live
            .filter((token) => isWide(access, token))
            .map((token) =>
              about(
                token,
                `has the role ${token.role}, with nothing left out`,
                "Give its client a token of a smaller role or with scopes.",
                "openclaw gateway generate-token --role user",
              ),
            ),
      },
      {
        id: "tokens.role_missing",
        severity: "warn",
        title: "A token has a role that does not exist",
        why: "It is refused everywhere, until somebody makes a role of that name: then it has whatever that may do.",
        run: ({ access }) =>
          access.live
            .filter(({ role }) => !access.policy.roles.has(role))
            .map((token) =>
              about(token, `has the role ${token.role}, which does not exist`, "Revoke it.", revoke(token)),
            ),
      },
      {
        id: "tokens.superseded_alive",
        severity: "warn",
        title: "A replaced token still works",
        why: "After its grace the old one should be gone; two secrets open the same door.",
        run: ({ access }, at) =>
          access.live
            .filter(({ supersededAt }) => supersededAt !== null && daysBetween(supersededAt, at) >= SUPERSEDED_DAYS)
            .map((token) =>
              about(
                token,
                `was replaced ${daysBetween(token.supersededAt ?? at, at)} days ago and works on`,
                "Revoke it.",
                revoke(token),
              ),
            ),
      },
      {
        id: "tokens.used_after_end",
        severity: "critical",
        title: "A token was used after its end",
        why: "What had ended let somebody in: a row was changed by hand, or a clock was wrong.",
        run: ({ access }) =>
          access.usedAfterEnd.map((token) => ({
            subject: `token ${token.id}`,
            evidence: `${name(token)} was used at ${token.lastUsedAt?.toISOString() ?? "?"}, after it had ended at ${(token.revokedAt ?? token.expiresAt)?.toISOString() ?? "?"}.`,
            fix: "Look at what was done with it.",
            command: "openclaw logs audit --last 30d",
          })),
      },
    ],
  ),
];
