/** The ready banner: everything to paste, the secret only when it was just made. */
import { describe, expect, it } from "vitest";
import { readyBanner } from "./banner.ts";

const FACTS = {
  origin: "http://127.0.0.1:18789",
  withGateway: true,
  consolePath: "/setup#code",
  firstToken: null,
  sandboxProblem: null,
  home: "/home/ana/.openclaw",
  seconds: 2.345,
};

describe("readyBanner", () => {
  it("names the gateway, the one-time link and a curl that runs Python", () => {
    const text = readyBanner(FACTS);
    expect(text).toContain("http://127.0.0.1:18789/setup#code");
    expect(text).toContain("curl -sS http://127.0.0.1:18789/api/v1/messages");
    expect(text).toContain(String.raw`"text":"/run python\nprint(6*7)"`);
    expect(text).toContain("Bearer $OPENCLAW_TOKEN");
    expect(text).toContain("generate-token --role admin");
  });

  it("its request body is JSON with the code on a line of its own", () => {
    const body = /-d '(.*)'/.exec(readyBanner(FACTS))?.[1] ?? "";
    expect(JSON.parse(body)).toEqual({ channel: "api", user: "operator", text: "/run python\nprint(6*7)" });
  });

  it("puts a new token into the curl", () => {
    const text = readyBanner({ ...FACTS, firstToken: "ocg_x_y" });
    expect(text).toContain("Bearer ocg_x_y");
    expect(text).not.toContain("$OPENCLAW_TOKEN");
  });

  it("says why no code can run", () => {
    expect(readyBanner({ ...FACTS, sandboxProblem: "Docker Engine not reachable." })).toContain(
      "No code can run yet: Docker Engine not reachable.",
    );
  });

  it("a worker alone has neither address nor curl", () => {
    expect(readyBanner({ ...FACTS, origin: null, withGateway: false, consolePath: null })).not.toContain("http");
  });
});
