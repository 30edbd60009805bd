import { expect, test } from "vitest";
import { formatPath } from "#server/config/path.ts";
import { readConfigText } from "#server/config/read.ts";
import { outboundFindings } from "#server/config/safety/outbound.ts";

function findings(text: string): string[] {
  const { config, problems } = readConfigText(text);
  if (config === undefined) {
    throw new Error(JSON.stringify(problems));
  }
  return outboundFindings(config).map(({ severity, path }) => `${severity} ${formatPath(path)}`);
}

test("entries that open nothing, or what must stay closed", () => {
  const text = `{ security: { outbound: { allowedPrivate: ["ollama", "10.0.0.0/8", "0.0.0.0/0", "169.254.169.254", "fd00:ec2::254"] } } }`;
  const at = "error security.outbound.allowedPrivate";
  expect(findings(text)).toEqual([`${at}[2]`, `${at}[3]`, `${at}[4]`]);
});

test("CVE-2026-28467 a metadata address in any spelling refuses the configuration", () => {
  for (const host of [
    "169.254.169.254",
    "2852039166",
    "0xA9FEA9FE",
    "[::ffff:a9fe:a9fe]",
    "[fe80::1]",
    "168.63.129.16",
  ]) {
    const text = `{
      models: { providers: { p: { type: "openai", baseUrl: "http://${host}/v1" } } },
      channels: { hook: { connection: { type: "webhook", secret: "s", replyUrl: "http://${host}/", replySecret: "r" } } },
    }`;
    expect(findings(text)).toEqual(["error models.providers.p.baseUrl", "error channels.hook.connection.replyUrl"]);
  }
  expect(findings('{ models: { providers: { p: { type: "openai", baseUrl: "http://10.0.0.7/v1" } } } }')).toEqual([]);
});
