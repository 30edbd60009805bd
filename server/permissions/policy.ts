/** What is wrong with the files and folders of a home. Pure. */
import type { Area, Entry, HomeFacts, PermissionFinding, WantedModes } from "#server/permissions/schema.ts";

/** The most that files and folders of an area may allow; undefined = not judged. */
function ceilings(wanted: WantedModes): Record<Area, { file: number | undefined; folder: number | undefined }> {
  const closed = { file: 0o600, folder: 0o700 };
  const unwritable = { file: 0o755, folder: 0o755 };
  return {
    home: closed,
    config: { file: wanted.config, folder: throughFor(wanted.config) },
    data: closed,
    database: { file: undefined, folder: 0o750 },
    logs: { file: wanted.logs, folder: throughFor(wanted.logs) },
    backups: closed,
    quarantine: closed,
    keys: closed,
    // Whoever could write it could have forged checkpoints pass.
    public_key: { file: 0o644, folder: 0o700 },
    run: closed,
    // Sockets of containers, whose programs run as another account; the folder above is closed.
    links: { file: undefined, folder: 0o711 },
    // Can be made again and holds no secret; its own folder is closed.
    cache: unwritable,
    other: unwritable,
    parent: { file: undefined, folder: undefined },
    tls_key: { file: 0o640, folder: undefined },
    certificate: unwritable,
    master_key: { file: 0o640, folder: undefined },
  };
}

/** A folder whose files may be read may also be passed through. */
const throughFor = (file: number): number => 0o700 | (file & 0o044) | ((file & 0o044) >> 2);

const CLOSED_ROOTS: readonly Area[] = ["cache"];
const OUTSIDE: readonly Area[] = ["tls_key", "certificate", "master_key"];

export function permissionFindings(facts: HomeFacts, wanted: WantedModes): PermissionFinding[] {
  const limits = ceilings(wanted);
  return [
    ...facts.entries.flatMap((entry) =>
      entry.area === "parent" ? ofParent(entry, facts) : ofEntry(entry, facts, limits),
    ),
    ...facts.unreadable.map((path): PermissionFinding => ({
      path,
      area: "other",
      problem: "unreadable",
      found: "cannot be looked at",
      expected: "can be looked at",
      message: "what is in it was not checked",
      fix: "Run this command as the account the home belongs to.",
      repair: null,
      refusesStart: false,
    })),
  ].sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
}

function ofEntry(entry: Entry, facts: HomeFacts, limits: ReturnType<typeof ceilings>): PermissionFinding[] {
  if (entry.kind === "link") {
    return isAllowedLink(entry, facts)
      ? []
      : [
          finding(entry, "link", {
            found: entry.target === null ? "a symbolic link to nothing" : `a symbolic link to ${entry.target.path}`,
            expected: "a file or folder of its own",
            message: "what it leads to is used as if it were ours",
            fix: "Look at what it leads to, then replace the link by the file itself.",
            refusesStart: isKey(entry),
          }),
        ];
  }
  return [...ofKind(entry), ...ofOwner(entry, facts), ...ofNames(entry), ...ofMode(entry, facts, limits)];
}

function ofKind({ kind, ...entry }: Entry): PermissionFinding[] {
  const misplaced = kind === "special" || (kind === "socket" && !["run", "links", "database"].includes(entry.area));
  const wrongRoot = entry.isRoot && kind !== "folder";
  return misplaced || wrongRoot
    ? [
        finding(entry, "kind", {
          found: kind === "special" ? "a device or pipe" : `a ${kind}`,
          expected: wrongRoot ? "a folder" : "a file or folder",
          message: "nothing of ours looks like this",
          fix: "Find out who made it, then remove it.",
          refusesStart: isKey(entry),
        }),
      ]
    : [];
}

const isKey = ({ area }: Pick<Entry, "area">): boolean => area === "keys" || area === "public_key";

function ofOwner(entry: Entry, { owner, database }: HomeFacts): PermissionFinding[] {
  const expected = ownerOf(entry, { owner, database });
  const byRoot = entry.uid === 0 && (OUTSIDE.includes(entry.area) || isConfigFile(entry));
  return entry.uid === expected || byRoot || entry.area === "other"
    ? []
    : [
        finding(entry, "owner", {
          found: `account ${entry.uid}`,
          expected: `account ${expected}`,
          message: "another account can change or withhold it",
          fix: `Find out why, then as root: chown ${expected} ${quoted(entry.path)}`,
        }),
      ];
}

const ownerOf = ({ area }: Entry, { owner, database }: Pick<HomeFacts, "owner" | "database">): number =>
  area === "database" && database !== null ? database.uid : owner;

const isConfigFile = ({ area, kind }: Entry): boolean => area === "config" && kind === "file";

function ofNames(entry: Entry): PermissionFinding[] {
  return entry.kind === "file" && entry.names > 1 && !OUTSIDE.includes(entry.area)
    ? [
        finding(entry, "hard_link", {
          found: `${entry.names} names`,
          expected: "one name",
          message: "the same file can be read or changed under another name elsewhere",
          fix: `Find it: find / -xdev -samefile ${quoted(entry.path)}`,
        }),
      ]
    : [];
}

function ofMode(entry: Entry, facts: HomeFacts, limits: ReturnType<typeof ceilings>): PermissionFinding[] {
  const isFolder = entry.kind === "folder";
  const limit = ceilingOf(entry, facts, limits);
  if (limit === undefined || entry.kind === "special") {
    return [];
  }
  // Set-group-id and sticky bits of a folder give nobody anything.
  const judged = entry.mode & (isFolder ? 0o4777 : 0o6777);
  const needed = isFolder ? 0o500 : 0o400;
  const excess = judged & ~limit;
  const missing = OUTSIDE.includes(entry.area) || entry.kind === "socket" ? 0 : needed & ~judged;
  if (excess === 0 && missing === 0) {
    return [];
  }
  const repaired = (judged & limit) | (missing === 0 ? 0 : isFolder ? 0o700 : 0o600);
  return [
    finding(entry, "mode", {
      found: octal(judged),
      expected: `${octal(limit)} or less`,
      message: excess === 0 ? "the gateway itself cannot read it" : meaningOf(excess),
      fix: `chmod ${octal(repaired)} ${quoted(entry.path)}`,
      // What lies outside may be meant for other programs as well.
      repair: OUTSIDE.includes(entry.area) || entry.uid !== ownerOf(entry, facts) ? null : repaired,
      // A closed file in a folder that others can only list stays closed.
      refusesStart: isKey(entry) && (excess & (isFolder ? 0o022 : 0o077)) !== 0,
    }),
  ];
}

/** Root's home lets the database's account pass through to its own folder. */
function ceilingOf(
  entry: Entry,
  { owner, database }: HomeFacts,
  limits: ReturnType<typeof ceilings>,
): number | undefined {
  const { area, isRoot, kind, gid, uid } = entry;
  if (kind !== "folder") {
    // A file that root keeps for the gateway is read by its group.
    const byGroup = isConfigFile(entry) && uid === 0 && owner !== 0 ? 0o040 : 0;
    return limits[area].file === undefined ? undefined : limits[area].file | byGroup;
  }
  if (isRoot && database?.gid === gid && (area === "home" || area === "data" || area === "run")) {
    return 0o710;
  }
  return isRoot && CLOSED_ROOTS.includes(area) ? 0o700 : limits[area].folder;
}

function meaningOf(excess: number): string {
  if ((excess & 0o6000) !== 0) {
    return "whoever runs it does so with the rights of its owner or group";
  }
  if ((excess & 0o022) !== 0) {
    return "other accounts can change it";
  }
  return (excess & 0o044) !== 0 ? "other accounts can read it" : "other accounts can pass through or run it";
}

/** Who may write to a folder above ours can put another home in its place, unless the sticky bit keeps names their owners'. */
function ofParent(entry: Entry, { owner }: HomeFacts): PermissionFinding[] {
  const isSticky = (entry.mode & 0o1000) !== 0;
  if ((entry.mode & 0o002) !== 0 && !isSticky) {
    return [
      finding(entry, "parent", {
        found: octal(entry.mode),
        expected: "not writable by everybody",
        message: "every account of this machine can put something else in the place of what lies below",
        fix: `chmod o-w ${quoted(entry.path)}`,
      }),
    ];
  }
  return entry.uid === 0 || entry.uid === owner
    ? []
    : [
        finding(entry, "parent", {
          found: `account ${entry.uid}`,
          expected: `root or account ${owner}`,
          message: "its owner can put something else in the place of what lies below",
          fix: "Move the home, or what lies there, to a folder of its own account.",
        }),
      ];
}

/** The configuration may be put there by a link, and root's database may lie in a folder of the system. */
function isAllowedLink({ path, area, target }: Entry, { owner, database, configFile }: HomeFacts): boolean {
  if (target === null) {
    return false;
  }
  if (area === "database") {
    return database !== null && target.uid === database.uid;
  }
  const isTrusted = target.uid === owner || target.uid === 0;
  if (area === "config") {
    return (
      isTrusted && (path === configFile || target.path.startsWith(configFile.slice(0, configFile.lastIndexOf("/") + 1)))
    );
  }
  return OUTSIDE.includes(area) && isTrusted;
}

function finding(
  { path, area }: Pick<Entry, "path" | "area">,
  problem: PermissionFinding["problem"],
  said: Pick<PermissionFinding, "found" | "expected" | "message" | "fix"> &
    Partial<Pick<PermissionFinding, "repair" | "refusesStart">>,
): PermissionFinding {
  return { path, area, problem, repair: null, refusesStart: false, ...said };
}

const octal = (mode: number): string => mode.toString(8).padStart(4, "0");

/** For a shell. */
const quoted = (path: string): string => (/^[\w@%+=:,./-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`);
