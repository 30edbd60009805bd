/** Where the rule behind a decision can be looked at in the console. Pure. */

const RECORD = /^(role|user|channel|token) "([^"]+)"/;
const IN_FILE = /^(?:security\.authorization\.(roles|users)|(channels))(?:\.([\w$][\w$-]*)|\[("(?:[^"\\]|\\.)*")\])/;
const PAGES: Readonly<Record<string, string>> = {
  role: "/roles?role=",
  roles: "/roles?role=",
  user: "/users?open=",
  users: "/users?open=",
  channel: "/channels?open=",
  channels: "/channels?open=",
  token: "/tokens?open=",
};

/**
 * @param because of a decision: a record (`role "user".commands`) or a path of the configuration (`channels.slack.permissions`).
 * @returns null when it names nothing that has a page.
 */
export function becauseHref(because: string): string | null {
  const [, record, id] = RECORD.exec(because) ?? [];
  const [, section, channels, plain, quoted] = IN_FILE.exec(because) ?? [];
  const page = PAGES[record ?? section ?? channels ?? ""];
  const name = id ?? plain ?? (quoted === undefined ? undefined : unquote(quoted));
  return page === undefined || name === undefined ? null : `${page}${encodeURIComponent(name)}`;
}

function unquote(quoted: string): string | undefined {
  try {
    const text: unknown = JSON.parse(quoted);
    return typeof text === "string" ? text : undefined;
  } catch {
    return undefined;
  }
}

interface Question {
  user?: string | undefined;
  role?: string | undefined;
  token?: string | undefined;
  channel?: string | undefined;
  command?: string | undefined;
}

/** The simulator with a question in it: the address can be kept and sent. */
export function simulateHref(question: Question): string {
  const filled = Object.entries(question).filter(
    (entry): entry is [string, string] => typeof entry[1] === "string" && entry[1] !== "",
  );
  return `/roles/simulate?${new URLSearchParams(filled).toString()}`;
}
