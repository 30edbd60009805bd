/** The checklist's lines about how the gateway is set up (OPS-1). Pure. */
import {
  NOT_RUNNING,
  DAY_MS,
  at,
  done,
  fix,
  risk,
  setting,
  todo,
  unknown,
  type Judged,
  type PostureFacts,
} from "#server/overview/judged.ts";
import type { PostureLine } from "#server/overview/schema.ts";

const CERTIFICATE_DAYS = 30;
/** Batches are sealed within a second; so many that wait mean that nobody seals. */
const SEAL_BACKLOG = 1_000;

export function setupLines(facts: PostureFacts): PostureLine[] {
  const judged: [string, string, Judged][] = [
    ["default_secrets", "Change default tokens and passwords", defaultSecrets(facts)],
    ["network", "Configure secure network binding", network(facts)],
    ["authentication", "Set up proper authentication", authentication(facts)],
    ["roles", "Implement role-based access control", roles(facts)],
    ["sandbox", "Enable sandboxing", sandbox(facts)],
    ["audit", "Configure audit logging", auditLogging(facts)],
  ];
  return judged.map(([id, label, line]) => ({ id, part: "setup", label, ...line, dueAt: null }));
}

function defaultSecrets(facts: PostureFacts): Judged {
  const { sharedToken } = facts;
  if (sharedToken === undefined) {
    return done("gateway.token is not set: there is no shared token, and nothing is delivered with one.");
  }
  const where = at(facts, sharedToken.line);
  if (sharedToken.weak !== null) {
    return risk(
      `gateway.token ${sharedToken.weak} (${where}).`,
      fix("Give each client a token of its own, and remove the shared one.", {
        command: "openclaw gateway generate-token",
        href: setting("gateway.token"),
      }),
    );
  }
  return sharedToken.kept === "plain"
    ? todo(
        `gateway.token is strong, but stands in plain text ${where}.`,
        fix("Encrypt the secrets of the file.", { command: "openclaw config encrypt" }),
      )
    : done(`gateway.token is no placeholder, and is kept as ${sharedToken.kept} ${where}.`);
}

function network(facts: PostureFacts): Judged {
  const { bind, tls, at: now } = facts;
  const where = `gateway.bind = ${bind.value}, ${at(facts, bind.line)}`;
  const left = tls.validUntil === null ? null : Math.floor((tls.validUntil.getTime() - now.getTime()) / DAY_MS);
  if (left !== null && left < CERTIFICATE_DAYS) {
    const words = left < 0 ? `expired ${-left} days ago` : `expires in ${left} days`;
    const renew = fix("Put a renewed certificate in place; it is taken up by itself.", {
      href: setting("gateway.tls"),
    });
    return left < 0
      ? risk(`The certificate ${words}; ${where}.`, renew)
      : todo(`The certificate ${words}; ${where}.`, renew);
  }
  if (bind.loopback) {
    return done(`Only this machine can connect: ${where}.`);
  }
  if (tls.own) {
    return done(`Others can connect, with TLS only: ${where}.`);
  }
  return tls.byProxy
    ? todo(
        `A proxy ends TLS, and the way from it is not encrypted: ${where}.`,
        fix("Let the gateway speak TLS itself, or keep both on one machine.", { href: setting("gateway.tls") }),
      )
    : risk(
        `Others can connect without TLS: ${where}.`,
        fix("Listen on this machine only, or switch TLS on.", {
          command: "openclaw config set gateway.bind 127.0.0.1",
          href: setting("gateway.bind"),
        }),
      );
}

function authentication({ running }: PostureFacts): Judged {
  if (running === null) {
    return unknown(NOT_RUNNING);
  }
  const { members, tokens } = running;
  const tokensText = `${tokens.live} live API ${tokens.live === 1 ? "token" : "tokens"}`;
  if (members.withoutFactor.length > 0) {
    return risk(
      `Without a second factor: ${members.withoutFactor.slice(0, 5).join(", ")}. ${tokensText}.`,
      fix("Have them enrol an authenticator or a passkey.", { href: "/members" }),
    );
  }
  if (members.enabled === 0) {
    return todo(
      `No console member yet: whoever opens a link of the command line may do everything. ${tokensText}.`,
      fix("Make a member with a second factor.", { command: "openclaw console link", href: "/members" }),
    );
  }
  if (tokens.live === 0) {
    return todo(
      "No API token yet: no client can send a message.",
      fix("Make the first token.", {
        command: "openclaw gateway generate-token --name my-bot --role user",
        href: "/tokens?new",
      }),
    );
  }
  return done(
    `${members.enabled === 1 ? "1 console member, with" : `${members.enabled} console members, each with`} a second factor; ${tokensText}.`,
  );
}

function roles(facts: PostureFacts): Judged {
  const { authorization, running } = facts;
  if (!authorization.value) {
    return risk(
      `Every caller may do everything: security.authorization.enabled = false, ${at(facts, authorization.line)}.`,
      fix("Switch authorization on.", {
        command: "openclaw config set security.authorization.enabled true",
        href: setting("security.authorization.enabled"),
      }),
    );
  }
  if (running === null) {
    return unknown(NOT_RUNNING);
  }
  const { live, wide } = running.tokens;
  return live > 0 && wide === live
    ? todo(
        `${live === 1 ? "The only live token" : `Each of the ${live} live tokens`} may do everything, as an administrator may.`,
        fix("Give each bot a token of a smaller role.", {
          command: "openclaw gateway generate-token --name my-bot --role user",
          href: "/tokens?new",
        }),
      )
    : done(
        `${running.roles.length} roles (${running.roles.slice(0, 5).join(", ")}); ${wide} of ${live} tokens may do everything.`,
      );
}

function sandbox(facts: PostureFacts): Judged {
  const { sandboxing, running } = facts;
  if (!sandboxing.value) {
    return todo(
      `Code is refused, because nothing runs outside a sandbox: security.sandboxing.enabled = false, ${at(facts, sandboxing.line)}.`,
      fix("Switch the sandbox on.", {
        command: "openclaw config set security.sandboxing.enabled true",
        href: setting("security.sandboxing.enabled"),
      }),
    );
  }
  if (running === null) {
    return unknown(NOT_RUNNING);
  }
  const { state, problem } = running.engine;
  return state === "ready"
    ? done("Every run gets a container of its own, and the engine is ready.")
    : todo(
        problem ?? "The engine cannot start containers.",
        fix(
          state === "image_missing" ? "Make the sandbox image." : "Start Docker Engine and the worker.",
          state === "image_missing" ? { command: "npm start" } : { command: "openclaw start" },
        ),
      );
}

function auditLogging(facts: PostureFacts): Judged {
  const { auditing, running } = facts;
  if (!auditing.value) {
    return risk(
      `Only management is recorded: logging.audit.enabled = false, ${at(facts, auditing.line)}.`,
      fix("Switch the record on.", {
        command: "openclaw config set logging.audit.enabled true",
        href: setting("logging.audit.enabled"),
      }),
    );
  }
  if (running === null) {
    return unknown(NOT_RUNNING);
  }
  const { sealedTo, waiting } = running.audit;
  return waiting >= SEAL_BACKLOG || (sealedTo === null && waiting > 0)
    ? risk(
        `${waiting} batches of events wait to be sealed.`,
        fix("Look at why the sealer does not work.", { command: "openclaw security verify-audit" }),
      )
    : done(`On, and sealed up to #${sealedTo ?? 0}.`);
}
