/** Members of the console. */
import { atKey, checksOf, daysBetween, setKey, type Check, type Hit } from "#server/scan/check.ts";
import { isWideRole } from "#server/scan/checks/words.ts";
import type { MemberFact, MemberState } from "#server/scan/facts/sources.ts";
import { few } from "#server/scan/shown.ts";

const DORMANT_DAYS = 90;
const JOINED_DAYS = 30;
const LINK_DAYS = 7;
const MANY_WIDE = 5;
const REQUIRED = ["security", "authentication", "mfa", "requiredRoles"] as const;

const about = ({ email }: MemberFact, evidence: string, fix: string): Hit => ({
  subject: `member ${email}`,
  evidence: `${email} ${evidence}.`,
  fix,
});
const enabled = ({ members }: MemberState): MemberFact[] => members.filter(({ disabled }) => !disabled);

export const MEMBER_CHECKS: readonly Check[] = [
  ...checksOf(
    "members",
    ["members", "access"],
    [
      {
        id: "members.no_factor",
        severity: "warn",
        title: "A member signs in with a password alone",
        why: "One phished password opens the console.",
        run: ({ members, access: { policy } }) =>
          enabled(members)
            .filter(({ factor }) => !factor)
            .map((member) => ({
              ...about(
                member,
                `(${member.role}) has no second factor`,
                "Have them enrol an authenticator or a passkey, under Account.",
              ),
              ...(isWideRole(policy, member.role) ? { severity: "critical" as const } : {}),
            })),
      },
      {
        id: "members.dormant_wide",
        severity: "warn",
        title: "A member who may do everything has not been there for long",
        why: "Nobody would notice somebody else in their place.",
        run: ({ members, access: { policy } }, at) =>
          enabled(members)
            .filter(
              ({ role, lastSignInAt }) =>
                isWideRole(policy, role) && lastSignInAt !== null && daysBetween(lastSignInAt, at) >= DORMANT_DAYS,
            )
            .map((member) =>
              about(
                member,
                `(${member.role}) last signed in ${daysBetween(member.lastSignInAt ?? at, at)} days ago`,
                "Disable the member, under Members.",
              ),
            ),
      },
      {
        id: "members.dormant",
        severity: "info",
        title: "A member has not been there for long",
        why: "An account nobody uses is only of use to somebody else.",
        run: ({ members, access: { policy } }, at) =>
          enabled(members)
            .filter(
              ({ role, lastSignInAt }) =>
                !isWideRole(policy, role) && lastSignInAt !== null && daysBetween(lastSignInAt, at) >= DORMANT_DAYS,
            )
            .map((member) =>
              about(
                member,
                `last signed in ${daysBetween(member.lastSignInAt ?? at, at)} days ago`,
                "Disable the member, under Members.",
              ),
            ),
      },
      {
        id: "members.one_admin",
        severity: "info",
        title: "Only one member may do everything",
        why: "When they are away or locked out, nobody can act in an incident but on the command line.",
        run: ({ members, access: { policy } }) => {
          const wide = enabled(members).filter(({ role }) => isWideRole(policy, role));
          const [only] = wide;
          return only !== undefined && wide.length === 1
            ? [about(only, "is the only one who may do everything", "Invite a second administrator, under Members.")]
            : [];
        },
      },
      {
        id: "members.no_admin",
        severity: "warn",
        title: "No member may do everything",
        why: "Somebody has to open a link of the command line for each administrative step, and the record names no person.",
        run: ({ members, access: { policy } }) =>
          members.members.length > 0 && !enabled(members).some(({ role }) => isWideRole(policy, role))
            ? [
                {
                  subject: "members",
                  evidence: `None of ${enabled(members).length} enabled members has a role with *.`,
                  fix: "Make an administrator.",
                  command: "openclaw admin create",
                },
              ]
            : [],
      },
      {
        id: "members.many_admins",
        severity: "warn",
        title: "Many members may do everything",
        why: "Each of their accounts is a key to the whole gateway.",
        run: ({ members, access: { policy } }) => {
          const wide = enabled(members).filter(({ role }) => isWideRole(policy, role));
          return wide.length > MANY_WIDE
            ? [
                {
                  subject: "members",
                  evidence: `${wide.length} members may do everything: ${few(wide.map(({ email }) => email))}.`,
                  fix: "Give most of them a smaller role, under Members.",
                },
              ]
            : [];
        },
      },
      {
        id: "members.role_missing",
        severity: "warn",
        title: "A member has a role that does not exist",
        why: "They can do nothing, until somebody makes a role of that name: then whatever that may do.",
        run: ({ members, access: { policy } }) =>
          enabled(members)
            .filter(({ role }) => !policy.roles.has(role))
            .map((member) =>
              about(
                member,
                `has the role ${member.role}, which does not exist`,
                "Give them one that does, under Members.",
              ),
            ),
      },
      {
        id: "members.invitation_wide",
        severity: "warn",
        title: "An open invitation makes an administrator",
        why: "Whoever finds the link becomes one.",
        run: ({ members, access: { policy } }) =>
          members.invitations
            .filter(({ role }) => isWideRole(policy, role))
            .map(({ id, email, role, expiresAt }) => ({
              subject: `invitation ${id}`,
              evidence: `The invitation ${id}${email === null ? "" : ` for ${email}`} gives the role ${role} until ${expiresAt.toISOString()}.`,
              fix: "Revoke it under Members if it is not about to be used.",
            })),
      },
    ],
  ),
  ...checksOf(
    "members",
    ["members"],
    [
      {
        id: "members.never_signed_in",
        severity: "info",
        title: "A member never signed in",
        why: "The account waits for whoever comes first.",
        run: ({ members }, at) =>
          enabled(members)
            .filter(({ lastSignInAt, createdAt }) => lastSignInAt === null && daysBetween(createdAt, at) >= JOINED_DAYS)
            .map((member) =>
              about(
                member,
                `was made ${daysBetween(member.createdAt, at)} days ago and never signed in`,
                "Disable the member, under Members.",
              ),
            ),
      },
      {
        id: "members.no_recovery_codes",
        severity: "info",
        title: "A member has no recovery codes left",
        why: "With a lost phone somebody has to reset the second factor by hand, which is what attackers ask for.",
        run: ({ members }) =>
          enabled(members)
            .filter(({ factor, recoveryCodes }) => factor && recoveryCodes === 0)
            .map((member) =>
              about(member, "has a second factor and no recovery code", "Have them make new codes, under Account."),
            ),
      },
      {
        id: "members.disabled_signed_in",
        severity: "critical",
        title: "A disabled member has a session",
        why: "Disabling ends all sessions; a row was changed by hand.",
        run: ({ members }) =>
          members.members
            .filter(({ disabled, liveSessions }) => disabled && liveSessions > 0)
            .map((member) =>
              about(
                member,
                `is disabled and has ${member.liveSessions} open ${member.liveSessions === 1 ? "session" : "sessions"}`,
                "Enable and disable the member again, and look at the record.",
              ),
            ),
      },
      {
        id: "members.invitation_old",
        severity: "info",
        title: "An invitation is open for long",
        why: "Links lie about in mails and chats.",
        run: ({ members }, at) =>
          members.invitations
            .filter(({ createdAt }) => daysBetween(createdAt, at) >= LINK_DAYS)
            .map(({ id, email, createdAt }) => ({
              subject: `invitation ${id}`,
              evidence: `The invitation ${id}${email === null ? "" : ` for ${email}`} is ${daysBetween(createdAt, at)} days old and still open.`,
              fix: "Revoke it under Members.",
            })),
      },
    ],
  ),
  ...checksOf(
    "members",
    ["configuration"],
    [
      {
        id: "members.factor_not_required",
        severity: "warn",
        title: "Not every role needs a second factor",
        why: "Whoever forgets to enrol signs in with a password alone.",
        run: ({ configuration: { config } }) => {
          const { requiredRoles } = config.security.authentication.mfa;
          return requiredRoles.includes("*")
            ? []
            : [
                atKey(
                  REQUIRED,
                  `security.authentication.mfa.requiredRoles is ${requiredRoles.length === 0 ? "empty" : few(requiredRoles)}.`,
                  "Ask it of all.",
                  { command: setKey(REQUIRED, '["*"]') },
                ),
              ];
        },
      },
    ],
  ),
];
