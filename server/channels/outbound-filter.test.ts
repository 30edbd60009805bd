/** Link exfiltration (PromptArmor, CNCERT): a reply that was made to carry a secret away does not. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { filterReply } from "#server/channels/outbound-filter.ts";

const SECRET = "s3cr3t-of-the-connection";
const filter = (text: string, allowedLinks: readonly string[] | null = ["example.org"]) =>
  filterReply(text, { secrets: [SECRET], allowedLinks });

describe("secrets", () => {
  it.each([
    ["as it is", SECRET],
    ["in base64", Buffer.from(SECRET).toString("base64")],
    ["in hexadecimal", Buffer.from(SECRET).toString("hex")],
    ["with characters that show nothing", SECRET.split("").join("\u200b")],
    ["a token of the gateway", "ocg_0123456789ab_ABCDEFGHIJKLMNOP"],
    ["a provider's key", "sk-ant-REDACTED-0123456789"],
    ["a bot's token", "123456789:AAFakeTokenOfABotThatDoesNotExist00"],
    ["a key of a code host", "ghp_0123456789abcdefghij"],
  ])("%s does not leave", (_what, secret) => {
    const filtered = filter(`Here: ${secret} and no more.`, null);
    expect(filtered.text).not.toContain(secret);
    expect(filtered.text.replace(/\u200b/g, "")).not.toContain(SECRET);
    expect(filtered.secrets).toBeGreaterThan(0);
    expect(filtered.text).toMatch(/^Here: .*\[redacted\].* and no more\.$/);
  });

  it("wherever it stands in a text", () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (before, after) => {
        expect(filter(`${before}${SECRET}${after}`, null).text).not.toContain(SECRET);
      }),
    );
  });

  it("plain text leaves as it is", () => {
    const text = "The answer is 42.\n\n```py\nprint('hi')\n```\n👩‍👩‍👧 see example.py and v1.2.3, e.g. here.";
    expect(filter(text)).toEqual({ text, secrets: 0, links: 0 });
  });
});

describe("links outside of the list", () => {
  it.each([
    "https://evil.example/?k=1",
    "HTTPS://EVIL.example/x",
    "[see](https://evil.example/?k=1)",
    "![pixel](https://evil.example/p.png?k=1)",
    "<https://evil.example>",
    "//evil.example/x",
    "https:\\\\evil.example\\x",
    "https://example.org@evil.example/",
    "https://example.org:443@evil.example/",
    "https://example.org.evil.example/",
    "https://evilexample.org/",
    "https://evil\u3002example/",
    "ht\u200btps://evil.example/",
    "https://evil.exam\u200dple/",
    "http://0x7f000001/",
    "http://[::1]/",
    "http://169.254.169.254/latest",
    "evil.example/?k=1",
    "www.evil.example",
    "secret-data.evil.com",
    "xn--vl-xka.com/x",
    "tg://resolve?domain=x",
    "mailto:me@evil.example?body=k",
    "ftp://evil.example/",
    "javascript:fetch(1)",
    "https://example.org/\u00a0https://evil.example/",
  ])("%s is taken out", (link) => {
    const { text, links } = filter(`Look: ${link} now`);
    expect(links).toBeGreaterThan(0);
    expect(text).toContain("[link removed]");
    expect(text.toLowerCase()).not.toMatch(/evil\.exam|evil\.com|169\.254|xn--vl|0x7f|::1|fetch\(1/);
  });

  it.each([
    "https://example.org/a?b=1",
    "http://docs.example.org/x.",
    "example.org/page",
    "(https://example.org/a)",
    "https://EXAMPLE.org",
  ])("%s stays", (link) => {
    expect(filter(`Look: ${link} now`)).toMatchObject({ text: `Look: ${link} now`, links: 0 });
  });

  it("an empty list lets none through, no list lets all", () => {
    expect(filter("https://example.org", []).text).toBe("[link removed]");
    expect(filter("https://evil.example", null).text).toBe("https://evil.example");
  });
});
