import { expect, test } from "vitest";
import { maskText, SECRET_MASK, unmaskText } from "#server/config/mask-text.ts";

const KEY = "sk-ant-api03-abcdefghijklmnop0123456789";
const TOKEN = "Zk3vQm8sT1xW7pLr9nBd2FhJ";
const BASE = `// gateway
{
  gateway: { token: '${TOKEN}', port: 18789, },
  security: {
    // old: apiKeys: { openai: "${KEY}" }
    apiKeys: { anthropic: "${KEY}", openai: "\${OPENAI_API_KEY}", mistral: "enc:v1:AAAA" },
  },
  logging: { audit: { anchor: { url: "https://user:hunter22@example.com/x" } } },
}
`;

test("CFG nothing secret is shown; references and encrypted values are, and every other byte stays", () => {
  const masked = maskText(BASE);
  for (const secret of [KEY, TOKEN, "hunter22"]) {
    expect(masked).not.toContain(secret);
  }
  expect(masked).toContain('openai: "${OPENAI_API_KEY}", mistral: "enc:v1:AAAA"');
  expect(masked.split("\n")).toHaveLength(BASE.split("\n").length);
  expect(masked).toContain("port: 18789, }");
});

test("the round trip gives every secret back, quotes and comments included", () => {
  expect(unmaskText(maskText(BASE), BASE)).toEqual({ text: BASE, problems: [] });
});

test("an edit elsewhere keeps the masked values, and a value that is written anew replaces the old one", () => {
  const edited = maskText(BASE)
    .replace("18789", "8080")
    .replace(`anthropic: "${SECRET_MASK}"`, 'anthropic: "another-value-1234567890"');
  const { text, problems } = unmaskText(edited, BASE);
  expect(problems).toEqual([]);
  expect(text).toContain(`token: '${TOKEN}', port: 8080`);
  expect(text).toContain('anthropic: "another-value-1234567890"');
});

test("attack: a mask that is moved to a key that is shown does not bring the secret there", () => {
  const edited = `{ gateway: { token: "${SECRET_MASK}", allowedOrigins: ["${SECRET_MASK}"] } }`;
  const { text, problems } = unmaskText(edited, BASE);
  expect(problems).toMatchObject([{ path: "gateway.allowedOrigins[0]", line: 1, severity: "error" }]);
  expect(text.split(TOKEN)).toHaveLength(2);
});

test("attack: a mask under another provider's name does not take the key along", () => {
  const edited = maskText(BASE).replace("anthropic:", "attacker:");
  expect(unmaskText(edited, BASE).problems).toMatchObject([{ path: "security.apiKeys.attacker" }]);
});

test("a text that looks like a comment or a mask inside a value stays what it is", () => {
  const base = `{ agents: { "// not a comment": "${SECRET_MASK}" } }`;
  expect(unmaskText(maskText(base), base).text).toBe(base);
});

test("beside another version, a secret that differs is marked as new", () => {
  const after = BASE.replace(TOKEN, "another-token-0123456789abcd");
  expect(maskText(after, BASE)).toContain(`token: "${SECRET_MASK} (new value)"`);
  expect(maskText(BASE, BASE)).toBe(maskText(BASE));
});
