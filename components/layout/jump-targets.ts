/** Where an id or a name that somebody pastes into the palette can lead. Pure. */

export interface JumpTarget {
  label: string;
  path: string;
  permission: string;
}

/** What an id may hold; nothing else is offered as a jump. */
const WORD = /^[\w.@:+-]{2,128}$/;

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
  if (word.startsWith("tok_")) {
    return [{ label: `Open token ${word}`, path: `/tokens?open=${value}`, permission: "tokens:read" }];
  }
  if (word.startsWith("req_")) {
    const path = `/audit?q=${encodeURIComponent(`request:${word}`)}`;
    return [{ label: `Audit log of request ${word}`, path, permission: "audit:read" }];
  }
  const actor = `/audit?q=${encodeURIComponent(`actor:${word}`)}`;
  return [
    { label: `Audit log of ${word}`, path: actor, permission: "audit:read" },
    { label: `Open user ${word}`, path: `/users?open=${value}`, permission: "users:read" },
  ];
}
