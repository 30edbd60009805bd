/** Where an id or a name that somebody pastes into the palette can lead. Pure. */

export interface JumpTarget {
  label: string;
  path: string;
  permission: string;
}

/** What an id may hold; nothing else is offered as a jump. */
const WORD = /^[\w.@:+-]{2,128}$/;
/** The shape of a token's id, which carries no mark of its own: a user may be called so too. */
const TOKEN_ID = /^[0-9a-z]{12}$/;

export function jumpTargets(text: string): JumpTarget[] {
  const word = text.trim();
  if (!WORD.test(word)) {
    return [];
  }
  const value = encodeURIComponent(word);
  if (word.startsWith("run_")) {
    return [
      { label: `Open run ${word}`, path: `/runs/${value}`, permission: "runs:read" },
      {
        label: `Audit log of run ${word}`,
        path: `/audit?q=${encodeURIComponent(`run:${word}`)}`,
        permission: "audit:read",
      },
    ];
  }
  if (word.startsWith("req_")) {
    return [{ label: `Audit log of request ${word}`, path: auditOf("request", word), permission: "audit:read" }];
  }
  const token = { label: `Open token ${word}`, path: `/tokens?open=${value}`, permission: "tokens:read" };
  return [
    ...(TOKEN_ID.test(word) ? [token] : []),
    { label: `Open user ${word}`, path: `/users?open=${value}`, permission: "users:read" },
    { label: `Audit log of user ${word}`, path: auditOf("user", word), permission: "audit:read" },
  ];
}

const auditOf = (qualifier: string, word: string): string => `/audit?q=${encodeURIComponent(`${qualifier}:${word}`)}`;
