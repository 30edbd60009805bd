/**
 * Text as Slack carries it: three characters escaped, and tokens in angle brackets for links, people and channels.
 * Source: https://docs.slack.dev/messaging/formatting-message-text
 */

/** Text that shows as it is written: no `<!channel>`, no mention, no link with another's label can come out of it. */
export function escapeText(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

/** What a person wrote: links as they stand in the message, characters unescaped. Mentions stay tokens, by id. */
export function plainText(text: string): string {
  return text
    .replaceAll(/<((?:https?|mailto|tel):[^|<>]+)(?:\|([^<>]*))?>/g, (_token, target: string, label?: string) =>
      label === undefined || label === "" ? target : shownLink(target, label),
    )
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&amp;", "&");
}

/** Text behind the mention of the app that it begins with. @param botUserId null = not known: any one mention in front counts */
export function withoutMention(text: string, botUserId: string | null): string {
  const match = /^\s*<@([A-Z0-9]+)(?:\|[^<>]*)?>[\s,:]*/.exec(text);
  return match !== null && (botUserId === null || match[1] === botUserId) ? text.slice(match[0].length) : text;
}

/** Slack makes links of what looks like one; a label that is the written address needs no second one beside it. */
function shownLink(target: string, label: string): string {
  const isWritten = [label, `http://${label}`, `https://${label}`, `mailto:${label}`, `tel:${label}`].includes(target);
  return isWritten ? label : `${label} (${target})`;
}
