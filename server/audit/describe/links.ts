/** Where in the console something that an event names can be looked at. Pure. */
import type { AuditEntry } from "#server/audit/reading/query.ts";
import { becauseHref, simulateHref } from "#server/access/addresses.ts";
import { dataText } from "#server/audit/describe/parts.ts";

export interface EntryLink {
  label: string;
  href: string;
}

const address = (path: string, params: Record<string, string>): string =>
  `${path}?${new URLSearchParams(params).toString()}`;

const CONFIG_PATH = /^[a-z]\w*(?:\.|\[")\S+$/i;

/** The rule that decided; null where the event names none, or one without a page. */
export function ruleLink(entry: AuditEntry): EntryLink | null {
  const { because, tokenId } = entry;
  if (because === undefined) {
    return null;
  }
  const page = becauseHref(because);
  if (page !== null) {
    // The matrix of a role marks the permission that was missing.
    const missing =
      entry.reason === "permission_missing" && page.startsWith("/roles?") ? dataText(entry, "permission") : null;
    return { label: because, href: missing === null ? page : `${page}&permission=${encodeURIComponent(missing)}` };
  }
  if (because === tokenId) {
    return { label: `token ${because}`, href: address("/tokens", { open: because }) };
  }
  return CONFIG_PATH.test(because) ? { label: because, href: address("/config", { path: because }) } : null;
}

const RUN = /^run_\w+$/;

/** The run, token and user that the event names. */
export function entityLinks({ target, tokenId, userId, channel }: AuditEntry): EntryLink[] {
  const links: EntryLink[] = [];
  if (target !== undefined && RUN.test(target)) {
    links.push({ label: `Run ${target}`, href: `/runs/${target}` });
  }
  if (tokenId !== undefined) {
    links.push({ label: `Token ${tokenId}`, href: address("/tokens", { open: tokenId }) });
  }
  if (userId !== undefined) {
    links.push({ label: `User ${userId}`, href: address("/users", { open: userId }) });
  }
  if (channel !== undefined) {
    links.push({ label: `Channel ${channel}`, href: address("/channels", { open: channel }) });
  }
  return links;
}

/** What the policy would say to the same message now; null for events that are no decision about a message. */
export function simulatorLink(entry: AuditEntry): string | null {
  const command = dataText(entry, "command");
  const { channel, userId, tokenId } = entry;
  if (command === null || channel === undefined) {
    return null;
  }
  return simulateHref({ user: userId, token: tokenId, channel, command });
}
