/** What the lines of the posture are judged from, and the words they are judged with. */
import type { DueItem } from "#server/maintenance/schema.ts";
import type { PostureFix, PostureLine } from "#server/overview/schema.ts";

/** A setting of the file with the line it stands on; null = its default. */
interface Setting<T> {
  value: T;
  line: number | null;
}

export interface PostureFacts {
  at: Date;
  /** The configuration file. */
  file: string;
  /** Why the shared token is not fit; null = fit. Undefined = there is none. `kept`: how it stands in the file. */
  sharedToken: { weak: string | null; kept: "plain" | "reference" | "encrypted"; line: number | null } | undefined;
  bind: Setting<string> & { loopback: boolean };
  tls: { own: boolean; byProxy: boolean; validUntil: Date | null };
  authorization: Setting<boolean>;
  sandboxing: Setting<boolean>;
  auditing: Setting<boolean>;
  backups: {
    last: Date | null;
    verified: { at: Date; ok: boolean } | null;
    intervalMs: number;
    /** Longest time between two test restores. */
    verifyEveryMs: number;
  };
  /** Names of files and folders that give others more than they should; null = could not be looked at. */
  openFiles: readonly string[] | null;
  /** What only the database knows; null while the gateway does not run. */
  running: {
    tokens: { live: number; wide: number; endless: number; oldest: { id: string; days: number } | null };
    members: { enabled: number; withoutFactor: readonly string[] };
    roles: readonly string[];
    /** Roles and tokens that give more than anybody needs. */
    accessFindings: readonly string[];
    engine: { state: "ready" | "image_missing" | "unreachable" | "no_worker"; problem: string | null };
    audit: { sealedTo: number | null; waiting: number };
    /** When each part of the upkeep was last done and is due. */
    upkeep: readonly DueItem[];
    /** Keys of outside services that are due within `notifyBefore`, or are overdue. `watched`: whether notices go out. */
    keys: { dueSoon: readonly string[]; overdue: readonly string[]; watched: boolean };
  } | null;
}
export const DAY_MS = 86_400_000;

export type Judged = Pick<PostureLine, "state" | "evidence" | "fix">;

export const at = ({ file }: PostureFacts, line: number | null): string =>
  line === null ? "the default" : `in ${file}:${line}`;
export const fix = (text: string, how: { command?: string; href?: string } = {}): PostureFix => ({
  text,
  command: how.command ?? null,
  href: how.href ?? null,
});
export const setting = (path: string): string => `/config?path=${encodeURIComponent(path)}`;
export const done = (evidence: string): Judged => ({ state: "done", evidence, fix: null });
export const todo = (evidence: string, how: PostureFix): Judged => ({ state: "todo", evidence, fix: how });
export const risk = (evidence: string, how: PostureFix): Judged => ({ state: "risk", evidence, fix: how });
export const unknown = (evidence: string): Judged => ({
  state: "unknown",
  evidence,
  fix: fix("Start the gateway to see it.", { command: "npm start" }),
});
export const NOT_RUNNING = "Only a running gateway can tell.";
