/**
 * Response headers of console pages and of the API.
 * Threats: script injection (nonce-only scripts), click-jacking, plugins, `<base>` and form hijacking, and a page that is talked into
 * connecting elsewhere (`connect-src` is this server and nothing else, whatever the page's address says).
 */

interface SecurityHeaderOptions {
  /** Fresh random value of this response, base64. */
  nonce: string;
  /** Whether the browser reached us over TLS. */
  tls: boolean;
}

const HSTS = { "strict-transport-security": "max-age=63072000; includeSubDomains" };

/** The policy text; the renderer reads the nonce out of it to stamp its own scripts. */
function contentSecurityPolicy({ nonce, tls }: SecurityHeaderOptions): string {
  const directives = [
    "default-src 'none'",
    `script-src 'self' 'nonce-${nonce}' 'strict-dynamic'`,
    `style-src 'self' 'nonce-${nonce}'`,
    "img-src 'self' data:",
    "font-src 'self'",
    "connect-src 'self'",
    "manifest-src 'self'",
    "form-action 'self'",
    "frame-ancestors 'none'",
    "base-uri 'none'",
    ...(tls ? ["upgrade-insecure-requests"] : []),
  ];
  return directives.join("; ");
}

/** All security headers of a page response, names in lower case. */
export function securityHeaders(options: SecurityHeaderOptions): Record<string, string> {
  return {
    "content-security-policy": contentSecurityPolicy(options),
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    ...(options.tls ? HSTS : {}),
  };
}

const API_HEADERS = Object.freeze({
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
});
const API_HEADERS_TLS = Object.freeze({ ...API_HEADERS, ...HSTS });

/** Security headers of an API answer, which no browser should ever render. */
export function apiSecurityHeaders({ tls }: { tls: boolean }): Readonly<Record<string, string>> {
  return tls ? API_HEADERS_TLS : API_HEADERS;
}
