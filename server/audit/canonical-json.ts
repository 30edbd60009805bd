/**
 * JSON in one and only one spelling (RFC 8785): keys sorted by UTF-16 units, no spaces, JavaScript's number and string forms.
 * What is hashed must not depend on the order in which a program or a database happens to keep keys.
 */
export function canonicalJson(value: unknown): string {
  if (typeof value !== "object" || value === null) {
    return JSON.stringify(value);
  }
  if (Array.isArray(value)) {
    return `[${value.map(canonicalJson).join(",")}]`;
  }
  let members = "";
  for (const key of Object.keys(value).sort()) {
    const member = `${JSON.stringify(key)}:${canonicalJson((value as Record<string, unknown>)[key])}`;
    members += members === "" ? member : `,${member}`;
  }
  return `{${members}}`;
}
