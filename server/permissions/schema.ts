/** Words of the check of files and folders: what was seen, what is wrong with it. */

/** What a place is for; decides what is expected of what lies there. */
export type Area =
  | "home"
  | "config"
  | "data"
  | "database"
  | "logs"
  | "backups"
  | "quarantine"
  | "keys"
  /** Half of a pair that is meant to be given away, among the keys. */
  | "public_key"
  | "run"
  | "links"
  | "cache"
  | "other"
  /** A folder that leads to one of ours. */
  | "parent"
  /** Files outside the home that the configuration or the environment names. */
  | "tls_key"
  | "certificate"
  | "master_key";

export type EntryKind = "file" | "folder" | "link" | "socket" | "special";

/** One name of the file system, as `lstat` sees it. */
export interface Entry {
  /** Absolute. */
  path: string;
  area: Area;
  /** The area's own folder, not something in it. */
  isRoot: boolean;
  kind: EntryKind;
  /** Permission bits with set-id and sticky bits. */
  mode: number;
  uid: number;
  gid: number;
  device: bigint;
  inode: bigint;
  /** Names a file has. */
  names: number;
  /** Of a link: where it leads in the end, and whose that is; null when it leads nowhere. */
  target: { path: string; uid: number } | null;
}

export interface HomeFacts {
  /** Account that the home belongs to. */
  owner: number;
  /** Account that looks. */
  self: number;
  /** Account of the embedded database where that is another one. */
  database: { uid: number; gid: number } | null;
  /** Without a link in the way to it. */
  configFile: string;
  entries: readonly Entry[];
  /** Paths that could not be looked at. */
  unreadable: readonly string[];
  /** There was more than is looked at. */
  cut: boolean;
}

/** Modes that the configuration asks for. */
export interface WantedModes {
  config: number;
  logs: number;
}

export interface PermissionFinding {
  path: string;
  area: Area;
  problem: "mode" | "owner" | "link" | "hard_link" | "kind" | "parent" | "unreadable";
  /** What is so. */
  found: string;
  /** What should be. */
  expected: string;
  /** Why it matters. */
  message: string;
  /** What to type or do. */
  fix: string;
  /** The mode that `--fix` gives; null = it does not touch this. */
  repair: number | null;
  /** Somebody else can read or exchange a key: the gateway does not start. */
  refusesStart: boolean;
}
