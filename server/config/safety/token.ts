/** Whether a shared access token is fit for use. Threat: copied examples and guessable values open the gateway to anyone. */
const MIN_LENGTH = 24;
const MIN_DISTINCT = 8;

/** Words of examples and factory settings, long enough that a random token holds one of them less than once in a million. */
const PLACEHOLDER =
  /^your[-_ ]|change[-_]?me|placeholder|example|password|default|replace[-_]?me|secure[-_]token|generated[-_]token|xxxxxx|[<>]/i;

/** Why `token` is refused, or undefined when it will do. Takes the resolved value, never a `${NAME}` reference. */
export function weakTokenReason(token: string): string | undefined {
  if (token.trim() === "") {
    return "is blank";
  }
  if (PLACEHOLDER.test(token)) {
    return "is a placeholder from an example";
  }
  if (token.length < MIN_LENGTH) {
    return `is shorter than ${MIN_LENGTH} characters`;
  }
  if (/\s/.test(token)) {
    return "holds a space";
  }
  return new Set(token).size < MIN_DISTINCT ? `has fewer than ${MIN_DISTINCT} different characters` : undefined;
}
