/** For every check a fault that makes it speak. `registry.test.ts` fails for a check that is not here. */
import { daysAgo, token, type Spoiled, AT } from "#server/scan/test/facts.ts";
import type { Sources } from "#server/scan/facts/sources.ts";

type Source = keyof Sources;
const of = <Name extends Source>(
  name: Name,
  change: (sound: Sources[Name], all: Sources) => Sources[Name],
): Spoiled => ({
  sources: { [name]: change },
});
/** Some fields of a source differ. */
const set = <Name extends Source>(name: Name, change: Partial<Sources[Name]>): Spoiled =>
  of(name, (sound) => ({ ...(sound as object), ...change }) as Sources[Name]);
const config = (text: string): Spoiled => ({ config: text });
const security = (text: string): Spoiled => config(`{ security: { ${text} } }`);
const docker = (text: string): Spoiled => security(`sandboxing: { docker: { ${text} } }`);
const profile = (text: string): Spoiled =>
  security(`sandboxing: { profiles: { net: { ${text} } }, roles: { user: ["net"] } }`);
const variable = (name: string, value: string): Spoiled => set("machine", { variables: new Map([[name, value]]) });
const tokens = (...live: Sources["access"]["live"]): Spoiled => set("access", { live });
const member = (change: Partial<Sources["members"]["members"][number]>): Spoiled =>
  of("members", (sound) => ({
    ...sound,
    members: sound.members.map((one, index) => (index === 0 ? { ...one, ...change } : one)),
  }));
const worker = (change: Partial<Sources["engine"]["workers"][number]["engine"]>): Spoiled =>
  of("engine", (sound) => ({
    ...sound,
    workers: sound.workers.map((one) => ({ ...one, engine: { ...one.engine, ...change } })),
  }));
const counted = (event: string): Spoiled => set("record", { counts: new Map([[event, 2]]) });
const backup = (change: Partial<Sources["backups"][number]>): Spoiled =>
  of("backups", (sound) => sound.map((one) => ({ ...one, ...change })));
const file = (area: Sources["files"][number]["area"], problem: Sources["files"][number]["problem"] = "mode"): Spoiled =>
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
const firewall = (id: Sources["firewall"][number]["id"]): Spoiled =>
  of("firewall", () => [
    { id, severity: "warn", title: "x", evidence: "A packet passes.", fix: "openclaw security firewall" },
  ]);
const warning = (code: string, part: "cert" | "key" = "cert"): Spoiled =>
  of("certificate", (sound) =>
    sound === null ? null : { ...sound, warnings: [{ code, part, reason: "is so", fix: "Renew it." }] },
  );
const hook = (extra: string, rest = ""): Spoiled =>
  config(
    `{ channels: { hook: { permissions: { allowedRoles: ["user"] }, connection: { type: "webhook", secret: "\${STRONG}", role: "user", ${extra} } } } ${rest} }`,
  );
const telegram = (extra: string): Spoiled =>
  config(
    `{ channels: { bot: { permissions: { allowedRoles: ["user"] }, connection: { type: "telegram", role: "readonly", botToken: "\${ANTHROPIC_API_KEY}", webhookSecret: "\${STRONG}", ${extra} } } } }`,
  );
const roles = (text: string): Spoiled =>
  security(`authorization: { roles: { user: { permissions: ["read"], channels: ["api"] }, ${text} } }`);
const limit = (text: string): Spoiled => security(`rateLimit: { ${text} }`);

export const PLANTS: Readonly<Record<string, Spoiled>> = {
  // configuration
  "configuration.unreadable": config("{ gateway: "),
  "configuration.invalid": config("{ gatway: {} }"),
  "configuration.warning": of("problems", () => [
    {
      severity: "warning",
      path: "gateway.port",
      line: 1,
      column: 1,
      reason: "has a drawback nobody knows yet",
      fix: "Think.",
    },
  ]),
  "configuration.no_effect": of("problems", () => [
    {
      severity: "warning",
      path: "security.keyRotation",
      line: 1,
      column: 1,
      reason: "is accepted but not applied by this version",
      fix: "Do not rely on it yet.",
    },
  ]),
  "configuration.secret_undecryptable": of("problems", () => [
    {
      severity: "error",
      path: "gateway.token",
      line: 1,
      column: 1,
      reason: "cannot be decrypted: it was changed",
      fix: "Restore it.",
    },
  ]),
  "configuration.drift": of("record", (sound) => ({
    ...sound,
    configuration: { event: "config.changed", hash: "ffffffffffff", at: AT },
  })),
  // files
  "files.home_open": file("home"),
  "files.config_open": file("config"),
  "files.keys_open": file("keys"),
  "files.public_key_writable": file("public_key"),
  "files.data_open": file("data"),
  "files.logs_open": file("logs"),
  "files.backups_open": file("backups"),
  "files.quarantine_open": file("quarantine"),
  "files.run_open": file("run"),
  "files.master_key_open": file("master_key"),
  "files.tls_key_open": file("tls_key"),
  "files.certificate_writable": file("certificate"),
  "files.cache_writable": file("cache"),
  "files.foreign_owner": file("keys", "owner"),
  "files.link": file("keys", "link"),
  "files.hard_link": file("keys", "hard_link"),
  "files.unexpected_kind": file("keys", "kind"),
  "files.parent_writable": file("parent", "parent"),
  "files.not_looked_at": file("other", "unreadable"),
  "files.git_work_tree": set("surroundings", { gitFolder: { folder: "/srv", what: "the home" } }),
  "files.synced_folder": set("surroundings", { syncedFolder: { folder: "/home/a/Dropbox", service: "Dropbox" } }),
  "files.temporary_home": set("surroundings", { temporary: "/tmp" }),
  "files.config_copies": set("surroundings", { copies: ["/srv/openclaw/config/openclaw.json5~"] }),
  "files.env_file_open": set("surroundings", { openEnvFiles: ["/opt/openclaw/.env"] }),
  "files.config_mode_setting": security('storage: { configPermissions: "640" }'),
  "files.log_mode_setting": security('storage: { logPermissions: "644" }'),
  "files.storage_place": security('storage: { logPath: "/etc" }'),
  // network
  "network.exposed_unprotected": config('{ gateway: { bind: "0.0.0.0" } }'),
  "network.proxies_too_wide": config('{ gateway: { trustedProxies: ["0.0.0.0/0"] } }'),
  "network.proxy_unnamed": config("{ gateway: { tls: { terminatedByProxy: true } } }"),
  "network.self_left_out": config('{ gateway: { allowedIps: ["10.0.0.0/24"] } }'),
  "network.outbound_entry": security('outbound: { allowedPrivate: ["8.8.8.8"] }'),
  "network.metadata_address": config(
    '{ models: { providers: { x: { type: "openai", baseUrl: "http://169.254.169.254/v1" } } } }',
  ),
  "network.any_source": config('{ gateway: { bind: "10.0.0.5" } }'),
  "network.sources_everybody": config('{ gateway: { allowedIps: ["0.0.0.0/0"] } }'),
  "network.plain_origin": config('{ gateway: { allowedOrigins: ["http://console.example.com"] } }'),
  "network.many_origins": config(
    `{ gateway: { allowedOrigins: [${Array.from({ length: 17 }, (_, n) => `"https://c${n}.example.com"`).join()}] } }`,
  ),
  "network.many_connections": config("{ gateway: { maxConnectionsPerAddress: 9000 } }"),
  "network.low_port": config("{ gateway: { port: 443 } }"),
  "network.proxies_without_use": config('{ gateway: { trustedProxies: ["10.0.0.0/8"] } }'),
  "network.outbound_wide": security('outbound: { allowedPrivate: ["10.0.0.0/8"] }'),
  "network.outbound_any_port": security('outbound: { allowedPrivate: ["ollama"] }'),
  "network.firewall_no_firewall": firewall("no_firewall"),
  "network.firewall_inbound_open": firewall("inbound_open"),
  "network.firewall_port_open_to_others": firewall("port_open_to_others"),
  "network.firewall_port_closed": firewall("port_closed"),
  "network.firewall_containers_reach_out": firewall("containers_reach_out"),
  // tls
  "tls.ended_by_proxy": config(
    '{ gateway: { bind: "10.0.0.5", token: "${STRONG}", allowedOrigins: ["https://a.example"], trustedProxies: ["10.0.0.9"], tls: { terminatedByProxy: true } } }',
  ),
  "tls.files_missing": config("{ gateway: { tls: { enabled: true } } }"),
  "tls.file_unusable": config('{ gateway: { tls: { enabled: true, cert: "/nowhere.pem", key: "/nowhere.key" } } }'),
  "tls.expired": warning("expired"),
  "tls.expires_soon": warning("expires_soon"),
  "tls.not_yet_valid": warning("not_yet_valid"),
  "tls.host_not_covered": warning("host_not_covered"),
  "tls.key_readable": warning("key_readable", "key"),
  "tls.weak_key": of("certificate", (sound) => (sound === null ? null : { ...sound, keyType: "rsa", keyBits: 1024 })),
  "tls.weak_signature": of("certificate", (sound) =>
    sound === null ? null : { ...sound, signature: "sha1WithRSAEncryption" },
  ),
  "tls.self_signed": of("certificate", (sound) => (sound === null ? null : { ...sound, selfSigned: true })),
  "tls.no_names": of("certificate", (sound) => (sound === null ? null : { ...sound, hasNames: false })),
  "tls.long_lived": of("certificate", (sound) => (sound === null ? null : { ...sound, validDays: 3650 })),
  "tls.minimum_lowered": variable("NODE_OPTIONS", "--tls-min-v1.0"),
  "tls.key_log": variable("SSLKEYLOGFILE", "/tmp/keys"),
  // tokens
  "tokens.shared_unresolved": config('{ gateway: { token: "${NOT_SET}" } }'),
  "tokens.shared_weak": config('{ gateway: { token: "your-secure-token-here" } }'),
  "tokens.shared_plain": config('{ gateway: { token: "wJ3kP9xQ2mZ7vT5cR8nB4hL6" } }'),
  "tokens.shared_reused": hook("", ', gateway: { token: "${STRONG}" }'),
  "tokens.long_lifetime": config('{ gateway: { tokenConfig: { expiration: "365d" } } }'),
  "tokens.little_entropy": config("{ gateway: { tokenConfig: { tokenLength: 16 } } }"),
  "tokens.many_per_owner": config("{ gateway: { tokenConfig: { maxTokens: 500 } } }"),
  "tokens.wide_any_address": { config: '{ gateway: { bind: "10.0.0.5" } }', ...tokens(token({ role: "admin" })) },
  "tokens.above_limit": tokens(...["a", "b", "c", "d"].map((id) => token({ id }))),
  "tokens.no_expiry": tokens(token({ expiresAt: null })),
  "tokens.too_old": tokens(token({ createdAt: daysAgo(200) })),
  "tokens.dormant": tokens(token({ createdAt: daysAgo(300), lastUsedAt: daysAgo(120) })),
  "tokens.never_used": tokens(token({ createdAt: daysAgo(20), lastUsedAt: null })),
  "tokens.wide": tokens(token({ role: "admin" })),
  "tokens.role_missing": tokens(token({ role: "gone" })),
  "tokens.superseded_alive": tokens(token({ supersededAt: daysAgo(10) })),
  "tokens.used_after_end": set("access", { usedAfterEnd: [token({ revokedAt: daysAgo(2) })] }),
  // access
  "access.authorization_off": security("authorization: { enabled: false }"),
  "access.user_role_undefined": security(
    'authorization: { roles: { user: { permissions: ["read"] } }, users: { ana: { role: "gone" } } }',
  ),
  "access.name_impossible": roles('odd: { permissions: ["read"], channels: ["Not A Channel"] }'),
  "access.role_wide": set("access", {
    findings: [{ kind: "wide_role", subject: "role ops", message: "may do everything", fix: "Name them." }],
  }),
  "access.role_unused": set("access", {
    findings: [{ kind: "unused_role", subject: "role old", message: "nobody has it", fix: "Delete it." }],
  }),
  "access.role_unknown_permission": roles('odd: { permissions: ["tokens:rotat"] }'),
  "access.role_empty": roles("odd: { permissions: [] }"),
  "access.role_grants_itself": roles('ops: { permissions: ["config:write"] }'),
  "access.looking_role_changes": roles('viewer: { permissions: ["read", "tokens:create"] }'),
  "access.approves_itself": roles('dev: { permissions: ["runs:create", "runs:approve"] }'),
  "access.user_role_missing": security('authorization: { users: { ana: { role: "gone" } } }'),
  "access.user_without_channel": security('authorization: { users: { ana: { role: "user", channels: [] } } }'),
  "access.user_channel_unreachable": security(
    'authorization: { roles: { user: { permissions: ["read"], channels: ["api"] } }, users: { ana: { role: "user", channels: ["slack"] } } }',
  ),
  "access.many_wide_users": security(
    `authorization: { users: { ${Array.from({ length: 6 }, (_, n) => `u${n}: { role: "admin" }`).join()} } }`,
  ),
  "access.wide_without_step_up": security('authorization: { users: { ana: { role: "admin" } } }'),
  "access.restriction_loose": security(
    'authorization: { users: { ana: { role: "user", restrictions: { maxMessages: 5000, timeWindow: "1m" } } } }, rateLimit: { perUser: { skipSuccessfulRequests: false } }',
  ),
  // members
  "members.no_factor": member({ factor: false }),
  "members.dormant_wide": member({ lastSignInAt: daysAgo(120) }),
  "members.dormant": member({ role: "user", lastSignInAt: daysAgo(120) }),
  "members.one_admin": member({ role: "user" }),
  "members.no_admin": of("members", (sound) => ({
    ...sound,
    members: sound.members.map((one) => ({ ...one, role: "user" })),
  })),
  "members.many_admins": of("members", (sound) => ({
    ...sound,
    members: Array.from({ length: 6 }, () => sound.members).flat(),
  })),
  "members.role_missing": member({ role: "gone" }),
  "members.invitation_wide": set("members", {
    invitations: [{ id: "inv1", email: null, role: "admin", createdAt: AT, expiresAt: daysAgo(-1) }],
  }),
  "members.never_signed_in": member({ lastSignInAt: null }),
  "members.no_recovery_codes": member({ recoveryCodes: 0 }),
  "members.disabled_signed_in": member({ disabled: true, liveSessions: 2 }),
  "members.invitation_old": set("members", {
    invitations: [{ id: "inv1", email: "c@example.com", role: "user", createdAt: daysAgo(8), expiresAt: daysAgo(-1) }],
  }),
  "members.factor_not_required": security("authentication: { mfa: { requiredRoles: [] } }"),
  // channels
  "channels.role_undefined": config(
    '{ channels: { api: { permissions: { allowedRoles: ["gone"] } } }, security: { authorization: { roles: { user: { permissions: ["read"], channels: ["api"] } } } } }',
  ),
  "channels.name_impossible": config(
    '{ channels: { api: { permissions: { allowedRoles: ["user"], commands: { blocked: ["Config"] } } } } }',
  ),
  "channels.command_allowed_and_blocked": config(
    '{ channels: { api: { permissions: { allowedRoles: ["user"], commands: { allowed: ["run"], blocked: ["run"] } } } } }',
  ),
  "channels.user_allowed_and_blocked": config(
    '{ channels: { api: { permissions: { allowedUsers: ["ana"], blockedUsers: ["ana"] } } } }',
  ),
  "channels.allows_nobody": config("{ channels: { api: { permissions: {} } } }"),
  "channels.secret_plain": hook('replyUrl: "https://r.example", replySecret: "8aHq2Lw0Zx7Vt5Cr9Nb4Jk6M"'),
  "channels.secret_unset": hook('replyUrl: "https://r.example", replySecret: "${NOT_SET}"'),
  "channels.secret_weak": hook('replyUrl: "https://r.example", replySecret: "hunter2"'),
  "channels.secret_reused": hook('replyUrl: "https://r.example", replySecret: "${STRONG}"'),
  "channels.reply_unencrypted": hook('replyUrl: "http://r.example", replySecret: "${ANTHROPIC_API_KEY}"'),
  "channels.foreign_api": telegram('apiBase: "https://telegram.example.com"'),
  "channels.any_link": telegram(""),
  "channels.default_role_wide": config(
    '{ channels: { hook: { permissions: { allowedRoles: ["user"] }, connection: { type: "webhook", secret: "${STRONG}", role: "admin" } } } }',
  ),
  "channels.default_role_missing": config(
    '{ channels: { hook: { permissions: { allowedRoles: ["user"] }, connection: { type: "webhook", secret: "${STRONG}", role: "gone" } } } }',
  ),
  "channels.pairing_runs_code": hook(""),
  "channels.without_rules": set("senders", {
    connections: [{ channel: "slack", type: "slack", settings: { role: "readonly" } }],
  }),
  "channels.open_to_all": config(
    '{ channels: { tg: { permissions: { allowedUsers: ["*"], commands: { blocked: ["run"] } } } } }',
  ),
  "channels.open_with_code": config('{ channels: { tg: { permissions: { allowedUsers: ["*"] } } } }'),
  "channels.unknown_command": config(
    '{ channels: { api: { permissions: { allowedRoles: ["user"], commands: { allowed: ["run"], blocked: ["run"] } } } } }',
  ),
  "channels.no_role_reaches": config(
    '{ channels: { slack: { permissions: { allowedRoles: ["user"] } } }, security: { authorization: { roles: { user: { permissions: ["read"], channels: ["api"] } } } } }',
  ),
  "channels.stored_role_missing": of("access", (sound) => ({
    ...sound,
    policy: {
      ...sound.policy,
      channels: new Map([
        [
          "tg",
          {
            allowedUsers: [],
            allowedRoles: ["gone"],
            blockedUsers: [],
            allowedCommands: null,
            blockedCommands: [],
            source: 'channel "tg"',
          },
        ],
      ]),
    },
  })),
  "channels.many_pairings": set("senders", { pendingPairings: 50 }),
  "channels.identity_orphaned": set("senders", { identities: [{ channel: "gone", senderId: "1", userId: "ana" }] }),
  "channels.identity_wide": {
    config: '{ security: { authorization: { users: { ana: { role: "admin" } } } } }',
    ...set("senders", { identities: [{ channel: "api", senderId: "1", userId: "ana" }] }),
  },
  // models
  "models.agent_role_undefined": security(
    'apiKeys: { anthropic: "${ANTHROPIC_API_KEY}" }, authorization: { roles: { user: { permissions: ["read"] } } } }, agents: { default: { roles: ["gone"] }',
  ),
  "models.key_unset": security('apiKeys: { openai: "${NOT_SET}" }'),
  "models.key_plain": security('apiKeys: { openai: "sk-proj-abcdef" }'),
  "models.key_shadowed": config(
    '{ security: { apiKeys: { openai: "${STRONG}" } }, models: { providers: { openai: { apiKey: "${ANTHROPIC_API_KEY}" } } } }',
  ),
  "models.provider_incomplete": config("{ models: { providers: { mine: {} } } }"),
  "models.provider_unencrypted": config(
    '{ models: { providers: { mine: { type: "openai", baseUrl: "http://10.0.0.7/v1" } } } }',
  ),
  "models.provider_unknown": config('{ agents: { default: { model: "nobody/x" } } }'),
  "models.no_budget": security('apiKeys: { openai: "${STRONG}" }'),
  "models.budget_without_cost": config(
    '{ security: { apiKeys: { openai: "${STRONG}" } }, models: { budgets: [{ scope: "user", maxTokens: 1000 }] } }',
  ),
  "models.budget_lets_unpriced_through": config(
    '{ models: { budgets: [{ scope: "user", maxCost: 1, unknownPrice: "allow" }] } }',
  ),
  "models.budget_unmatched": config(
    '{ security: { authorization: { roles: { user: { permissions: ["read"] } } } }, models: { budgets: [{ scope: "role", name: "gone", maxCost: 1 }] } }',
  ),
  "models.access_open": security('apiKeys: { openai: "${STRONG}" }'),
  "models.access_everything": config('{ models: { access: { "*": ["*"] } } }'),
  "models.key_reused": security('apiKeys: { openai: "${STRONG}", google: "${STRONG}" }'),
  "models.long_timeout": config('{ models: { timeout: "5h" } }'),
  "models.calls_kept_short": config('{ models: { keepCalls: "7d" } }'),
  "models.agent_tokens": config("{ agents: { default: { maxTokens: 90000000 } } }"),
  "models.agent_memory_long": config('{ agents: { default: { memory: { turns: 5, retention: "700d" } } } }'),
  "models.price_unknown": set("models", { unpriced: [{ model: "mine/x", calls: 12 }] }),
  // sandbox
  "sandbox.role_undefined": security(
    'sandboxing: { roles: { ghost: ["default"] } }, authorization: { roles: { user: { permissions: ["read"] } } }',
  ),
  "sandbox.off": security("sandboxing: { enabled: false }"),
  "sandbox.host_network": docker('network: "host", allowNetwork: true'),
  "sandbox.network": docker('network: "bridge", allowNetwork: true'),
  "sandbox.writable_root": docker("readonly: false"),
  "sandbox.processes_low": docker("limits: { processes: 8 }"),
  "sandbox.unconfined": docker('securityOpt: ["seccomp:unconfined"]'),
  "sandbox.root_user": docker('user: "root"'),
  "sandbox.volume_refused": docker('volumes: { "/var/run/docker.sock": "/mnt/sock:ro" }'),
  "sandbox.profile_undefined": config('{ agents: { default: { profile: "gone" } } }'),
  "sandbox.refused": docker('runtime: "runsc", limits: { processes: 64 }'),
  "sandbox.image_unpinned": docker('image: "python:3.13"'),
  "sandbox.many_processes": docker("limits: { processes: 9000 }"),
  "sandbox.long_runs": docker('limits: { timeout: "10h" }'),
  "sandbox.network_without_approval": profile('egress: { domains: ["*.example.com"] }'),
  "sandbox.egress_shared_suffix": profile('egress: { domains: ["*.amazonaws.com"] }'),
  "sandbox.egress_exfiltration": profile('egress: { domains: ["pastebin.com"] }'),
  "sandbox.egress_many": profile(
    `egress: { domains: [${Array.from({ length: 51 }, (_, n) => `"h${n}.example.com"`).join()}] }`,
  ),
  "sandbox.host_folder": docker('volumes: { "/srv/data": "/mnt/data:ro" }'),
  "sandbox.profile_unused": security("sandboxing: { profiles: { idle: {} } }"),
  "sandbox.memory_of_machine": docker('limits: { memory: "6g" }'),
  "sandbox.cpu_of_machine": docker('limits: { cpu: "4" }'),
  "sandbox.no_worker": set("engine", { workers: [] }),
  "sandbox.engine_unreachable": worker({ reachable: false }),
  "sandbox.image_missing": worker({ imageDigest: null }),
  "sandbox.image_changed": docker(`digest: "sha256:${"b".repeat(64)}"`),
  "sandbox.engine_old": worker({ version: "19.3.1" }),
  "sandbox.engine_over_network": worker({ endpoint: "tcp://10.0.0.2:2375" }),
  "sandbox.gvisor_unused": worker({ runtimes: ["runc", "runsc"] }),
  "sandbox.runtime_missing": worker({ runtimes: [] }),
  "sandbox.approvals_pile_up": set("engine", { pendingApprovals: 30 }),
  // what agents may do with files
  "files-policy.allowed_too_wide": security('fileSystem: { allowedPaths: ["/"] }'),
  "files-policy.denied_shortened": security('fileSystem: { deniedPaths: ["/usr/bin"] }'),
  "files-policy.allowed_shadowed": security('fileSystem: { allowedPaths: ["/etc/app"] }'),
  "files-policy.extension_shadowed": security('fileSystem: { restrictions: { allowedExtensions: [".sh"] } }'),
  "files-policy.any_extension": security("fileSystem: { restrictions: { allowedExtensions: [] } }"),
  "files-policy.executables_pass": security('fileSystem: { restrictions: { allowedExtensions: [".ps1"] } }'),
  "files-policy.large_files": security('fileSystem: { restrictions: { maxFileSize: "5g" } }'),
  "files-policy.access_unrecorded": security("fileSystem: { monitoring: { logFileAccess: false } }"),
  "files-policy.quarantine_off": security("fileSystem: { monitoring: { quarantineSuspicious: false } }"),
  "files-policy.suspicious_untold": security("fileSystem: { monitoring: { alertOnSuspicious: false } }"),
  // limits
  "limits.role_undefined": security(
    'authorization: { roles: { user: { permissions: ["read"] } } }, rateLimit: { roleLimits: { gone: { maxRequests: 1 } } }',
  ),
  "limits.off": limit("enabled: false"),
  "limits.per_user_counts_failures": limit("perUser: { maxRequests: 100 }"),
  "limits.global_high": limit("global: { windowMs: 1000, maxRequests: 100000 }"),
  "limits.per_user_high": limit("perUser: { windowMs: 1000, maxRequests: 1000 }"),
  "limits.per_user_unreachable": limit("perUser: { maxRequests: 5000 }"),
  "limits.per_channel_unreachable": limit("perChannel: { maxRequests: 5000 }"),
  "limits.special_unreachable": limit(
    "perUser: { skipSuccessfulRequests: false }, commandLimits: { run: { maxRequests: 900 } }",
  ),
  "limits.counts_nothing": limit("global: { skipSuccessfulRequests: true, skipFailedRequests: true }"),
  "limits.failures_free": limit("perUser: { skipSuccessfulRequests: false, skipFailedRequests: true }"),
  "limits.unknown_command": limit("commandLimits: { deploy: { maxRequests: 5 } }"),
  "limits.run_unlimited": config("{}"),
  "limits.local_on_outage": limit('onStoreFailure: "local"'),
  // record
  "record.off": config("{ logging: { audit: { enabled: false } } }"),
  "record.kinds_left_out": config('{ logging: { audit: { events: ["authentication"] } } }'),
  "record.security_kinds_left_out": config('{ logging: { security: { events: ["sandbox_escape"] } } }'),
  "record.retention_short": config('{ logging: { audit: { retention: "30d" } } }'),
  "record.file_plain": config("{ logging: { audit: { encryption: false } } }"),
  "record.no_anchor": config("{}"),
  "record.log_silent": config('{ logging: { level: "silent" } }'),
  "record.log_chatty": config('{ logging: { level: "trace" } }'),
  "record.security_log_silent": config('{ logging: { security: { level: "fatal" } } }'),
  "record.logs_kept_short": security('storage: { logRetention: "1d" }'),
  "record.backlog": set("record", { waiting: 5000 }),
  "record.checkpoint_stale": set("record", { checkpoint: { seq: 5, at: daysAgo(1) } }),
  "record.no_checkpoint": set("record", { checkpoint: null, newestEventAt: daysAgo(1) }),
  "record.anchor_failing": set("record", { anchor: { deliveredAt: null, failures: 9, lastError: "refused" } }),
  "record.integrity_failed": counted("audit.integrity_failed"),
  "record.sandbox_touched": counted("sandbox.foreign_action"),
  "record.config_rejected": set("record", { configuration: { event: "config.rejected", hash: "x", at: AT } }),
  // data
  "data.encryption_off": security("encryption: { database: { enabled: false } }"),
  "data.iterations_low": security("encryption: { database: { iterations: 100000 } }"),
  "data.secret_plain": config('{ logging: { audit: { anchor: { url: "https://w.example/secret" } } } }'),
  "data.config_encryption_off": security("encryption: { config: { enabled: false } }"),
  "data.secrets_left_out": security("encryption: { config: { encryptTokens: false } }"),
  "data.messages_cbc": security("encryption: { messages: { enabled: true } }"),
  "data.master_secret_in_environment": set("surroundings", { masterSecret: "environment" }),
  "data.master_secret_beside_data": set("surroundings", { masterSecret: "file in the home" }),
  "data.unreadable": counted("data.unreadable"),
  "data.quarantine_forgotten": set("record", { quarantined: 2, oldestQuarantine: daysAgo(60) }),
  "data.database_superuser": set("database", { superuser: true }),
  "data.record_changeable": set("database", { recordPrivileges: ["DELETE on audit_event"] }),
  "data.everybody_creates": set("database", { everybodyCreates: true }),
  "data.database_unencrypted": set("database", { remote: true, encrypted: false }),
  "data.not_durable": set("database", { settings: { fsync: "off" } }),
  "data.statements_logged": set("database", { settings: { log_statement: "all" } }),
  "data.weak_password_hash": set("database", { settings: { password_encryption: "md5" } }),
  "data.database_old": set("database", { version: 12 }),
  "data.clock_skew": set("database", { skewMs: -60_000 }),
  // backups
  "backups.interval_off": security("storage: { backupInterval: 0 }"),
  "backups.encryption_off": security("storage: { backupEncryption: false }"),
  "backups.kept_short": security('storage: { backupRetention: "1d" }'),
  "backups.none": of("backups", () => []),
  "backups.archive_plain": backup({ encrypted: false }),
  "backups.archive_damaged": backup({ encrypted: null }),
  "backups.test_failed": backup({ verification: { at: AT, ok: false } }),
  "backups.untested": backup({ verification: null }),
  "backups.no_full": backup({ kind: "config" }),
  "backups.stale": backup({ createdAt: daysAgo(10) }),
  // monitoring
  "monitoring.notice_after_due": security('keyRotation: { interval: "7d", notifyBefore: "8d" }'),
  "monitoring.no_recipient": security('monitoring: { alerting: { channels: ["email"] } }'),
  "monitoring.no_webhook": security('monitoring: { alerting: { channels: ["webhook"] } }'),
  "monitoring.webhook_unencrypted": security(
    'monitoring: { alerting: { channels: ["webhook"], webhookUrl: "http://r.example" } }',
  ),
  "monitoring.off": security("monitoring: { enabled: false }"),
  "monitoring.anomalies_off": security("monitoring: { anomalyDetection: { enabled: false } }"),
  "monitoring.metrics_left_out": security('monitoring: { anomalyDetection: { metrics: ["message_volume"] } }'),
  "monitoring.threshold_deaf": security("monitoring: { anomalyDetection: { threshold: 1 } }"),
  "monitoring.threshold_nervous": security("monitoring: { anomalyDetection: { threshold: 0.1 } }"),
  "monitoring.alerts_off": security("monitoring: { alerting: { enabled: false } }"),
  "monitoring.no_way_out": security("monitoring: { alerting: { channels: [] } }"),
  "monitoring.failures_untold": config("{ logging: { security: { alertOnFailures: false } } }"),
  "monitoring.scan_off": security("monitoring: { scan: { enabled: false } }"),
  "monitoring.scan_rare": security('monitoring: { scan: { interval: "30d" } }'),
  "monitoring.key_rotation_off": security("keyRotation: { enabled: false }"),
  "monitoring.key_rotation_rare": security('keyRotation: { interval: "700d" }'),
  "monitoring.nobody_told": set("upkeep", { contacts: [] }),
  "monitoring.contact_off": set("upkeep", { contacts: [{ name: "hook", enabled: false, disabledReason: "gone" }] }),
  "monitoring.rules_failing": set("upkeep", {
    rules: [{ name: "r", isBuiltIn: false, paused: false, health: "failed" }],
  }),
  "monitoring.rules_paused": set("upkeep", { rules: [{ name: "r", isBuiltIn: true, paused: true, health: null }] }),
  "monitoring.key_overdue": set("upkeep", {
    keys: [{ id: "provider:openai", path: "security.apiKeys.openai", owner: "file", rotatedAt: daysAgo(90) }],
  }),
  "monitoring.smtp_plain": security(
    'monitoring: { alerting: { channels: ["email"], recipients: ["a@example.com"], smtp: { host: "mail.example.com", secure: "none", from: "o@example.com" } } }',
  ),
  // dependencies
  "dependencies.node_old": set("machine", { node: "20.19.0" }),
  "dependencies.lock_missing": set("dependencies", { hasLock: false }),
  "dependencies.no_hash": set("dependencies", { withoutHash: ["left-pad"] }),
  "dependencies.insecure_source": set("dependencies", { insecure: ["left-pad"] }),
  "dependencies.drift": set("dependencies", { drifted: [{ name: "next", locked: "16.4.6", installed: "16.0.0" }] }),
  "dependencies.vulnerable": set("dependencies", {
    vulnerable: [{ name: "next", installed: "15.0.0", needed: "16.4.6", advisory: "CVE-2025-55182" }],
  }),
  "dependencies.known_vulnerability": set("upkeep", {
    vulnerabilities: {
      at: AT,
      verdict: "vulnerable",
      findings: [{ id: "GHSA-x", name: "a", version: "1.0.0", severity: "high", fixedIn: "1.0.1" }],
    },
  }),
  "dependencies.not_looked_up": set("upkeep", { vulnerabilities: null }),
  // machine
  "machine.root": set("machine", { homeOwner: 0 }),
  "machine.foreign_account": set("machine", { uid: 1000 }),
  "machine.inspector": variable("NODE_OPTIONS", "--inspect=0.0.0.0:9229"),
  "machine.foreign_code": variable("NODE_OPTIONS", "--require /tmp/x.js"),
  "machine.tls_unverified": variable("NODE_TLS_REJECT_UNAUTHORIZED", "0"),
  "machine.preload": variable("LD_PRELOAD", "/tmp/x.so"),
  "machine.library_path": variable("LD_LIBRARY_PATH", "/tmp"),
  "machine.tunables": variable("GLIBC_TUNABLES", "glibc.malloc.check=0"),
  "machine.extra_authority": variable("NODE_EXTRA_CA_CERTS", "/etc/ca.pem"),
  "machine.debug_output": variable("NODE_DEBUG", "http"),
  "machine.core_files": set("machine", { coreLimit: Infinity }),
  "machine.plain_swap": set("machine", { plainSwap: ["/swapfile"] }),
  "machine.no_address_randomisation": set("machine", { addressRandomisation: 0 }),
  "machine.loose_umask": set("machine", { umask: 0 }),
  "machine.engine_socket_open": set("machine", { openEngineSocket: "/var/run/docker.sock" }),
  "machine.engine_plain": variable("DOCKER_HOST", "tcp://10.0.0.2:2375"),
  "machine.redis_plain": variable("REDIS_URL", "redis://cache.example"),
  "machine.database_plain": variable("DATABASE_URL", "postgres://db.example"),
  "machine.disk_nearly_full": set("surroundings", { freeShare: 0.01, freeBytes: 1024 ** 2 }),
};
