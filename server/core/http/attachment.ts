/** The `content-disposition` of what a browser must save and never show. */

/**
 * RFC 6266 with the name as RFC 8187 writes it: nothing in it can end the header or start another.
 * @param path only its last part is named.
 */
export const attachment = (path: string): string =>
  `attachment; filename*=UTF-8''${encodeURIComponent(path.slice(path.lastIndexOf("/") + 1).toWellFormed()).replaceAll(
    /['()*!]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  )}`;
