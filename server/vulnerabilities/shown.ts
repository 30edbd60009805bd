/** Text of a foreign service as it may be shown and kept: bounded, on one line, without characters that steer a terminal. Pure. */
export const shownText = (text: string, max: number): string =>
  text
    .replaceAll(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, " ")
    .trim()
    .slice(0, max);

/** Only web addresses. */
export function shownUrl(text: string | undefined): string | null {
  const url = text === undefined ? null : URL.parse(text);
  return url !== null && /^https?:$/.test(url.protocol) && url.username === "" ? url.href.slice(0, 300) : null;
}
