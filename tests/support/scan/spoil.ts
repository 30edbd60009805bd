/** Ways to spoil sound facts. */
import type { Spoiled } from "./facts.ts";
import type { Sources } from "#server/scan/facts/sources.ts";

type Source = keyof Sources;
export const of = <Name extends Source>(
  name: Name,
  change: (sound: Sources[Name], all: Sources) => Sources[Name],
): Spoiled => ({
  sources: { [name]: change },
});
/** Some fields of a source differ. */
export const set = <Name extends Source>(name: Name, change: Partial<Sources[Name]>): Spoiled =>
  of(name, (sound) => ({ ...(sound as object), ...change }) as Sources[Name]);
export const config = (text: string): Spoiled => ({ config: text });
export const security = (text: string): Spoiled => config(`{ security: { ${text} } }`);
export const docker = (text: string): Spoiled => security(`sandboxing: { docker: { ${text} } }`);
export const profile = (text: string): Spoiled =>
  security(`sandboxing: { profiles: { net: { ${text} } }, roles: { user: ["net"] } }`);
export const variable = (name: string, value: string): Spoiled =>
  set("machine", { variables: new Map([[name, value]]) });
export const tokens = (...live: Sources["access"]["live"]): Spoiled => set("access", { live });
export const member = (change: Partial<Sources["members"]["members"][number]>): Spoiled =>
  of("members", (sound) => ({
    ...sound,
    members: sound.members.map((one, index) => (index === 0 ? { ...one, ...change } : one)),
  }));
export const worker = (change: Partial<Sources["engine"]["workers"][number]["engine"]>): Spoiled =>
  of("engine", (sound) => ({
    ...sound,
    workers: sound.workers.map((one) => ({ ...one, engine: { ...one.engine, ...change } })),
  }));
export const counted = (event: string): Spoiled => set("record", { counts: new Map([[event, 2]]) });
export const backup = (change: Partial<Sources["backups"][number]>): Spoiled =>
  of("backups", (sound) => sound.map((one) => ({ ...one, ...change })));
export const file = (
  area: Sources["files"][number]["area"],
  problem: Sources["files"][number]["problem"] = "mode",
): Spoiled =>
  of("files", () => [
    {
      path: "/srv/openclaw/x",
      area,
      problem,
      found: "0666",
      expected: "0600 or less",
      message: "others can",
      fix: "chmod 0600 /srv/openclaw/x",
      repair: 0o600,
      refusesStart: false,
    },
  ]);
export const firewall = (id: Sources["firewall"][number]["id"]): Spoiled =>
  of("firewall", () => [
    { id, severity: "warn", title: "x", evidence: "A packet passes.", fix: "openclaw security firewall" },
  ]);
export const warning = (code: string, part: "cert" | "key" = "cert"): Spoiled =>
  of("certificate", (sound) =>
    sound === null ? null : { ...sound, warnings: [{ code, part, reason: "is so", fix: "Renew it." }] },
  );
export const hook = (extra: string, rest = ""): Spoiled =>
  config(
    `{ channels: { hook: { permissions: { allowedRoles: ["user"] }, connection: { type: "webhook", secret: "\${STRONG}", role: "user", ${extra} } } } ${rest} }`,
  );
export const telegram = (extra: string): Spoiled =>
  config(
    `{ channels: { bot: { permissions: { allowedRoles: ["user"] }, connection: { type: "telegram", role: "readonly", botToken: "\${ANTHROPIC_API_KEY}", webhookSecret: "\${STRONG}", ${extra} } } } }`,
  );
export const roles = (text: string): Spoiled =>
  security(`authorization: { roles: { user: { permissions: ["read"], channels: ["api"] }, ${text} } }`);
export const limit = (text: string): Spoiled => security(`rateLimit: { ${text} }`);
