/** How the embedded PostgreSQL is set up: small, durable, reachable through its socket only, and silent about statement texts. */

export interface ServerSettingsOptions {
  socketDir: string;
  /** False only for throw-away test databases. */
  durable: boolean;
}

/** Connections at most: web (10 + listeners), worker, sealer, CLI and the migrator, with room. */
const MAX_CONNECTIONS = 100;

/** Server settings by name; given on the command line so that an old data folder always gets the current ones. */
export function serverSettings(options: ServerSettingsOptions): Record<string, string> {
  return {
    listen_addresses: "",
    unix_socket_directories: options.socketDir,
    unix_socket_permissions: "0700",
    max_connections: String(MAX_CONNECTIONS),
    shared_buffers: "64MB",
    work_mem: "4MB",
    maintenance_work_mem: "32MB",
    max_wal_size: "512MB",
    wal_compression: "on",
    jit: "off",
    max_parallel_workers_per_gather: "0",
    password_encryption: "scram-sha-256",
    timezone: "UTC",
    log_timezone: "UTC",
    log_destination: "stderr",
    logging_collector: "off",
    log_line_prefix: "%m [%p] %q%u@%d ",
    // A failing statement or its parameters can hold a message text or a secret.
    log_min_error_statement: "panic",
    log_parameter_max_length: "0",
    log_parameter_max_length_on_error: "0",
    cluster_name: "openclaw",
    ...(options.durable ? {} : { fsync: "off", synchronous_commit: "off", full_page_writes: "off" }),
  };
}

/** `pg_hba.conf`: nobody without a password, and no way in but the socket. */
export const HOST_RULES = "# Written by OpenClaw Gateway.\nlocal all all scram-sha-256\n";

export function settingArguments(settings: Record<string, string>): string[] {
  return Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
}
