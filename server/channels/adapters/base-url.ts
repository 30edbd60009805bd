/** Addresses of a platform: where its API is, and which addresses it gave us are its own. */

/** The API's address without a slash at its end: the configured one, or the platform's own. */
export function apiBaseOf(configured: string | undefined, usual: string): string {
  return (configured ?? usual).replace(/\/+$/, "");
}

/**
 * An address that came in a delivery or an answer, when it leads to one of `origins`; otherwise null.
 * A token is sent to no other host, whatever a message says.
 * @param origins as `URL.origin` spells them
 */
export function ownAddress(address: string, origins: readonly string[]): URL | null {
  const url = URL.parse(address);
  return url !== null && url.username === "" && url.password === "" && origins.includes(url.origin) ? url : null;
}
