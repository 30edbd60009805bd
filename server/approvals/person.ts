/** Whether two identities are one person: who asks for a run and who approves it have to be two. Pure. */
import type { PolicySnapshot } from "#server/access/schema.ts";

/** What is known of somebody by the way they came. */
export interface Identity {
  /** The end user; null = none. */
  userId: string | null;
  /** Of a credential that is nobody else's; null = none, as for a channel, which many write on. */
  principalId: string | null;
  /** Who answers for the token: a member, a user or `operator`; null = no token. */
  ownerId: string | null;
  /** The user that the token speaks for alone; null = none. */
  boundUserId: string | null;
  /** The member behind a console session, or the one the user was when it asked; null = none. */
  memberId: string | null;
}

export type SamePerson = "own_request" | "same_member" | "same_owner";

/** Owner of what is made at the command line. It names a machine rather than a person: what speaks for one user is that user's. */
const OPERATOR = "operator";

/**
 * Null: two people. Users are one person too when the policy says that they are the same member; what a token's owner has asked for is the
 * owner's own, whoever the token speaks for, because they can hold its secret.
 */
export function samePerson(policy: Pick<PolicySnapshot, "users">, one: Identity, other: Identity): SamePerson | null {
  if (isShared(one.userId, other.userId) || isShared(one.principalId, other.principalId)) {
    return "own_request";
  }
  if (isCommon(membersOf(policy, one), membersOf(policy, other))) {
    return "same_member";
  }
  return isCommon(peopleOf(one), peopleOf(other)) || (isOperators(one) && isOperators(other)) ? "same_owner" : null;
}

const isShared = (one: string | null, other: string | null): boolean => one !== null && one === other;

const isCommon = (one: readonly string[], other: readonly string[]): boolean => one.some((id) => other.includes(id));

const isOperators = ({ ownerId, boundUserId }: Identity): boolean => ownerId === OPERATOR && boundUserId === null;

/** Users and owners, whose ids are of one kind here: an owner may be a user. */
const peopleOf = ({ userId, ownerId }: Identity): string[] =>
  [userId, ownerId === OPERATOR ? null : ownerId].filter((id) => id !== null);

function membersOf({ users }: Pick<PolicySnapshot, "users">, identity: Identity): string[] {
  const people = peopleOf(identity);
  const owner = identity.ownerId === OPERATOR ? null : identity.ownerId;
  const bound = people.map((id) => users.get(id)?.memberId ?? null);
  return [identity.memberId, owner, ...bound].filter((id) => id !== null);
}
