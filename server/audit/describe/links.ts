/** Where in the console something that an event names can be looked at. Pure. */
import type { AuditEntry } from "#server/audit/reading/query.ts";
import { dataText } from "#server/audit/describe/parts.ts";

export interface EntryLink {
  label: string;
  href: string;
}

const address = (path: string, params: Record<string, string>): string =>
  `${path}?${new URLSearchParams(params).toString()}`;

const BY_RECORD: readonly (readonly [RegExp, string, string])[] = [
  [/^role "(.*?)"/, "/roles", "open"],
  [/^user "(.*?)"/, "/users", "open"],
  [/^channel "(.*?)"/, "/channels", "open"],
  [/^security\.authorization\.roles(?:\.|\[")([^."\]]+)/, "/roles", "open"],
  [/^security\.authorization\.users(?:\.|\[")([^."\]]+)/, "/users", "open"],
  [/^channels(?:\.|\[")([^."\]]+)/, "/channels", "open"],
];
const CONFIG_PATH = /^[a-z]\w*(?:\.|\[")\S+$/i;

/** The rule that decided; null where the event names none, or one without a page. */
export function ruleLink({ because, tokenId }: AuditEntry): EntryLink | null {
  if (because === undefined) {
    return null;
  }
  for (const [pattern, path, param] of BY_RECORD) {
    const name = pattern.exec(because)?.[1];
    if (name !== undefined) {
      return { label: because, href: address(path, { [param]: name }) };
    }
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
  const params: Record<string, string> = { simulate: "1" };
  if (userId !== undefined) {
    params.user = userId;
  }
  if (tokenId !== undefined) {
    params.token = tokenId;
  }
  return address("/roles", { ...params, channel, command });
}
