/** The text that ends a start. */

export interface BannerFacts {
  /** Of the gateway and the console, as `http://127.0.0.1:18789`; null when neither runs here. */
  origin: string | null;
  withGateway: boolean;
  /** Path of the console; with a one-time link in its fragment while nobody is a member. */
  consolePath: string | null;
  firstToken: string | null;
  sandboxProblem: string | null;
  home: string;
  seconds: number;
}

const PROGRAM = String.raw`/run python\nprint(6*7)`;

export function readyBanner(facts: BannerFacts): string {
  const lines = ["", `OpenClaw Gateway is ready (${facts.seconds.toFixed(1)} s)`, ""];
  if (facts.origin !== null && facts.withGateway) {
    lines.push(`  Gateway   ${facts.origin}`);
  }
  if (facts.origin !== null && facts.consolePath !== null) {
    lines.push(`  Console   ${facts.origin}${facts.consolePath}`);
    if (facts.consolePath !== "") {
      lines.push("            makes you the first administrator; opens once, within 30 minutes");
    }
  }
  lines.push(`  Home      ${facts.home}`);
  if (facts.sandboxProblem !== null) {
    lines.push("", `  ! No code can run yet: ${facts.sandboxProblem}`);
  }
  if (facts.origin !== null && facts.withGateway) {
    lines.push("", ...tryIt(facts.origin, facts.firstToken));
  }
  lines.push("", "  Stop with Ctrl-C.", "");
  return lines.join("\n");
}

function tryIt(origin: string, firstToken: string | null): string[] {
  const body = `{"channel":"api","user":"operator","text":"${PROGRAM}"}`;
  const curl = [
    `  curl -sS ${origin}/api/v1/messages \\`,
    `    -H "Authorization: Bearer ${firstToken ?? "$OPENCLAW_TOKEN"}" -H 'Content-Type: application/json' \\`,
    `    -d '${body}'`,
  ];
  const intro =
    firstToken === null
      ? [
          "  Run Python in a container (a new token: export OPENCLAW_TOKEN=$(./openclaw gateway generate-token --role admin))",
          "",
        ]
      : ["  Run Python in a container. The token has all rights, is shown this once, and is not stored: keep it.", ""];
  return [...intro, ...curl];
}
