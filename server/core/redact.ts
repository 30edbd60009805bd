/**
 * Takes secrets out of what is about to be logged: by the name of the member that holds them, at any depth, and by their own look wherever
 * they stand in a text. Pure.
 * Threat: a careless call logs a request, a configuration or somebody else's error with a token in it, and the log is copied to where
 * nobody thought of secrets. Nothing here throws, and all of it is bounded, whatever it is given.
 */

export const CENSOR = "[redacted]";
const CUT = "[cut]";

/** Names without case, `-` and `_`. The last line holds content of people and programs rather than secrets. */
const SECRET_NAMES: ReadonlySet<string> = new Set(
  (
    "token secret password passwd passphrase authorization proxyauthorization cookie setcookie apikey xapikey key privatekey " +
    "masterkey databaseurl connectionstring credentials credential jwt otp totp seed pin recoverycode setupcode sid " +
    "text content body stdout stderr stdin prompt instructions question args argv env environment " +
    // Of errors of the database: the values of a row, and statements with them.
    "detail where internalquery parameters params values bindings"
  ).split(" "),
);
const SECRET_ENDINGS = /(?:token|secret|password|passphrase|(?<!public)key|cookie|credentials)$/;
/** A code of an error or a decision, unlike one that opens something, or a program. */
const PLAIN_CODE = /^[A-Z][A-Z0-9_]{1,63}$|^[0-9A-Z]{5}$|^[a-z]+(?:_[a-z]+){1,7}$/;

const MAX_DEPTH = 8;
const MAX_VALUES = 2_000;
const MAX_STRING = 16_384;

const NAMED =
  "(?:token|secret|passw(?:or)?d|passphrase|api[-_]?key|private[-_]?key|authorization|signature|credentials?)";

/** Each finds one look of a secret. They never match a quote, a backslash or a line end, so they are safe on JSON as well as on plain text. */
const LOOKS: readonly (readonly [RegExp, string])[] = [
  // Ours: API token, run token, session.
  [/\boc[gr]_[\w-]{8,}/g, CENSOR],
  [/\bses_[0-9a-z]{20,}/g, CENSOR],
  [/(\/setup#)[\w-]{8,}/g, `$1${CENSOR}`],
  // Those of model providers, code hosts, chat platforms and clouds.
  [/\b(?:sk|pk|rk)-[\w-]{8,}/g, CENSOR],
  [/\b(?:gh[pousr]_|github_pat_|glpat-|npm_|xox[abeprs]-|xapp-|AIza|AKIA|ASIA|hf_|gsk_)[\w-]{8,}/g, CENSOR],
  [/(?<!\d)\d{8,10}:[\w-]{35}/g, CENSOR],
  [/\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*/g, CENSOR],
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----[^"]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g, CENSOR],
  // In headers, addresses and assignments. After a colon and a blank often stands a word of a sentence: only what has a digit counts there.
  [/\b([Bb]earer|BEARER)\s+(?!\[|token\b|auth)[\w.~+/=:-]{6,}/g, `$1 ${CENSOR}`],
  [/\b([Bb]asic|BASIC)\s+(?=\S*[A-Z0-9=])[A-Za-z0-9+/]{8,}={0,2}/g, `$1 ${CENSOR}`],
  [/\b([a-z][a-z0-9+.-]{1,30}:\/\/)[^\s"\\/?#@]+@/gi, `$1${CENSOR}@`],
  [/((?:set-)?cookie["']?\s?[:=]\s?["']?)(?!\[)[^"'\\\r\n]+/gi, `$1${CENSOR}`],
  [new RegExp(`(${NAMED}(?:\\\\?["'])?[=:](?:\\\\?["'])?)(?!\\[)[^\\s"'\\\\,;&)}\\]]+`, "gi"), `$1${CENSOR}`],
  [
    new RegExp(
      `(${NAMED}(?:\\\\?["'])?[=:]\\s{1,4}(?:\\\\?["'])?)(?!\\[)(?=\\D{0,64}\\d)[^\\s"'\\\\,;&)}\\]]{6,}`,
      "gi",
    ),
    `$1${CENSOR}`,
  ],
  [/([?&#](?:key|code|auth|sig|sid|session|state)=)[^\s"'\\&#]+/gi, `$1${CENSOR}`],
];

/** Something that may be the beginning of a secret: most lines hold nothing of the kind and are passed on as they are. */
const SUSPECT =
  /oc[gr]_|ses_|#|[spr]k-|gh[pousr]_|github_pat_|glpat-|npm_|xox|xapp-|AIza|A[KS]IA|hf_|gsk_|\d{8}:|eyJ|PRIVATE KEY|bearer|basic|:\/\/|cookie|token|secret|passw|passphrase|api[-_]?key|authorization|signature|credential|[?&]\w+=/i;

/** `text` without what looks like a secret. */
export function redactText(text: string): string {
  return SUSPECT.test(text) ? LOOKS.reduce((clean, [look, by]) => clean.replace(look, by), text) : text;
}

export interface RedactOptions {
  /** Keeps the stacks of errors. */
  stacks: boolean;
}

/** `value` as plain data without secrets: what JSON would hold of it, with errors as objects. */
export function redact(value: unknown, options: RedactOptions): unknown {
  return clean(value, { ...options, values: MAX_VALUES, above: new Set() }, MAX_DEPTH);
}

interface State extends RedactOptions {
  /** Values that may still be looked at. */
  values: number;
  /** Objects that the present one stands in. */
  above: Set<object>;
}

function clean(value: unknown, state: State, depth: number): unknown {
  state.values -= 1;
  switch (typeof value) {
    case "string":
      return redactText(value.length > MAX_STRING ? `${value.slice(0, MAX_STRING)}${CUT}` : value);
    case "bigint":
      return value.toString();
    case "function":
    case "symbol":
      return `[${typeof value}]`;
    case "object":
      return value === null ? null : cleanObject(value, state, depth);
    default:
      return value;
  }
}

function cleanObject(value: object, state: State, depth: number): unknown {
  if (depth === 0 || state.values <= 0 || state.above.has(value)) {
    return CUT;
  }
  state.above.add(value);
  try {
    return plain(value, state, depth - 1);
  } catch {
    return "[unreadable]";
  } finally {
    state.above.delete(value);
  }
}

function plain(value: object, state: State, depth: number): unknown {
  if (value instanceof Error) {
    return cleanError(value, state, depth);
  }
  if (value instanceof Date) {
    return Number.isNaN(value.getTime()) ? "[invalid date]" : value.toISOString();
  }
  if (value instanceof URL) {
    return redactText(value.href);
  }
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) {
    return `[binary, ${value.byteLength} bytes]`;
  }
  if (Array.isArray(value)) {
    return cleanList(value, state, depth);
  }
  if (value instanceof Map || value instanceof Headers || value instanceof URLSearchParams) {
    return cleanMembers(
      [...value].map(([name, member]) => [String(name), member] as const),
      state,
      depth,
    );
  }
  if (value instanceof Set) {
    return cleanList([...value], state, depth);
  }
  return cleanMembers(Object.entries(value), state, depth);
}

/** A list of headers as Node gives them, name and value in turn, hides its secrets from a look at names. */
function cleanList(list: readonly unknown[], state: State, depth: number): unknown[] {
  return list.slice(0, Math.max(0, state.values)).map((item, index) => {
    const before: unknown = index === 0 ? undefined : list[index - 1];
    return typeof item === "string" && typeof before === "string" && isSecretName(before)
      ? CENSOR
      : clean(item, state, depth);
  });
}

function cleanMembers(
  members: readonly (readonly [string, unknown])[],
  state: State,
  depth: number,
): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  for (const [name, member] of members) {
    if (state.values <= 0) {
      result[CUT] = true;
      break;
    }
    // A name of its own making may be a secret too, and `__proto__` would set no member.
    const shown = name === "__proto__" ? "[__proto__]" : redactText(name);
    result[shown] = isHidden(name, member) ? CENSOR : clean(member, state, depth);
  }
  return result;
}

function cleanError(error: Error, state: State, depth: number): Record<string, unknown> {
  const { name, message, stack, cause } = error;
  const own = Object.entries(error).filter(
    ([member]) => !["name", "message", "stack", "cause", "errors"].includes(member),
  );
  return {
    type: clean(name, state, depth),
    message: clean(message, state, depth),
    ...(state.stacks && typeof stack === "string" ? { stack: clean(stack, state, depth) } : {}),
    ...cleanMembers(own, state, depth),
    ...(cause === undefined ? {} : { cause: clean(cause, state, depth) }),
    ...(error instanceof AggregateError ? { errors: clean(error.errors, state, depth) } : {}),
  };
}

function isHidden(name: string, value: unknown): boolean {
  if (value === null || value === undefined || typeof value === "boolean") {
    return false;
  }
  if (normal(name) === "code") {
    return typeof value !== "number" && !(typeof value === "string" && PLAIN_CODE.test(value));
  }
  return isSecretName(name);
}

function isSecretName(name: string): boolean {
  const plainName = normal(name);
  return SECRET_NAMES.has(plainName) || SECRET_ENDINGS.test(plainName);
}

const normal = (name: string): string => (name.length > 64 ? "" : name.toLowerCase().replaceAll(/[-_\s]/g, ""));
