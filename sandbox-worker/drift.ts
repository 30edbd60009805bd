/**
 * Compares what the engine made with what it was asked for. Pure.
 * Threat: something between this process and the container (a proxy before the engine, an authorisation plug-in, a default of the engine)
 * that adds a mount, a device or a right. So every setting the engine reports counts, also one nobody here has heard of: it has to be what
 * was asked, or empty.
 */
import type { ContainerCreateOptions } from "dockerode";

/** The parts of the engine's answer that are compared; everything else describes, and allows nothing. */
export interface MadeContainer {
  Image: string;
  Config: object;
  HostConfig: object;
  Mounts: readonly object[];
  NetworkSettings: { Networks: object };
}

/** Settings that say how a container talks and what it is, not what it may do, or that an image adds to. */
const CONFIG_EXACT = [
  "User",
  "WorkingDir",
  "Hostname",
  "Entrypoint",
  "Cmd",
  "Tty",
  "OpenStdin",
  "StdinOnce",
  "Image",
  "Healthcheck",
  "Volumes",
  "ExposedPorts",
] as const;

/** What the engine fills in by itself, with all it may fill in; compared apart from the rest. */
const ENGINE_FILLED: Readonly<Record<string, readonly string[]>> = { CgroupnsMode: ["", "host", "private"] };
/** Hidden and write-protected by every engine; a container without them sees the kernel's own. */
const MASKED = ["/proc/kcore", "/proc/keys", "/proc/timer_list", "/sys/firmware"];
const WRITE_PROTECTED = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"];

/** Names of the settings that differ, sorted; empty = the container is what was asked for. */
export function driftOf(asked: ContainerCreateOptions, made: MadeContainer): string[] {
  const differing = [
    ...configDrift(asked, fieldsOf(made.Config)),
    ...hostDrift(fieldsOf(asked.HostConfig ?? {}), fieldsOf(made.HostConfig)),
  ];
  if (made.Image !== asked.Image) {
    differing.push("Image");
  }
  if (!same(mountsAsked(asked), mountsMade(made.Mounts))) {
    differing.push("Mounts");
  }
  if (!same([asked.HostConfig?.NetworkMode], Object.keys(made.NetworkSettings.Networks))) {
    differing.push("NetworkSettings.Networks");
  }
  return [...new Set(differing)].toSorted();
}

type Fields = Readonly<Record<string, unknown>>;

function configDrift(asked: ContainerCreateOptions, made: Fields): string[] {
  const wanted = fieldsOf(asked);
  const differing: string[] = CONFIG_EXACT.filter((name) => !same(wanted[name], made[name]));
  const environment = new Set(listOf(made.Env));
  if (listOf(asked.Env).some((entry) => !environment.has(entry))) {
    differing.push("Env");
  }
  const labels = fieldsOf(made.Labels);
  if (Object.entries(asked.Labels ?? {}).some(([name, value]) => labels[name] !== value)) {
    differing.push("Labels");
  }
  return differing.map((name) => `Config.${name}`);
}

function hostDrift(asked: Fields, made: Fields): string[] {
  const apart = new Set(["MaskedPaths", "ReadonlyPaths", "Ulimits", ...Object.keys(ENGINE_FILLED)]);
  const names = [...new Set([...Object.keys(asked), ...Object.keys(made)])].filter((name) => !apart.has(name));
  const differing = names.filter((name) => !same(asked[name], made[name]));
  for (const [name, known] of Object.entries(ENGINE_FILLED)) {
    if (!known.some((value) => same(value, made[name]))) {
      differing.push(name);
    }
  }
  if (!includesAll(made.MaskedPaths, MASKED)) {
    differing.push("MaskedPaths");
  }
  if (!includesAll(made.ReadonlyPaths, WRITE_PROTECTED)) {
    differing.push("ReadonlyPaths");
  }
  // The engine's own defaults (`default-ulimits`) come beside those that are asked for; they never replace them.
  const limited = new Set(listOf(asked.Ulimits).map((limit) => fieldsOf(limit).Name));
  const limits = listOf(made.Ulimits).filter((limit) => limited.has(fieldsOf(limit).Name));
  if (!same(asked.Ulimits, limits)) {
    differing.push("Ulimits");
  }
  return differing.map((name) => `HostConfig.${name}`);
}

/** What has to be mounted, in the words of the engine's answer. Memory-backed places are no mounts there. */
function mountsAsked({ HostConfig }: ContainerCreateOptions): object[] {
  return (HostConfig?.Mounts ?? []).map(({ Type, Source, Target, ReadOnly }) => ({
    Type,
    from: Source,
    Destination: Target,
    RW: ReadOnly !== true,
    ...(Type === "bind" ? { Propagation: "rprivate" } : {}),
  }));
}

function mountsMade(mounts: readonly object[]): object[] {
  return mounts.map((mount) => {
    const { Type, Name, Source, Destination, RW, Propagation } = fieldsOf(mount);
    return {
      Type,
      from: Type === "volume" ? Name : Source,
      Destination,
      RW,
      ...(Type === "bind" ? { Propagation } : {}),
    };
  });
}

/** Equal apart from order and from what is not set: engines write null, "", 0, false or an empty list for that, each as it likes. */
const same = (asked: unknown, made: unknown): boolean => canonical(asked) === canonical(made);

function canonical(value: unknown): string {
  if (isNeutral(value)) {
    return "";
  }
  if (Array.isArray(value)) {
    return `[${value.map(canonical).toSorted().join()}]`;
  }
  if (typeof value === "object" && value !== null) {
    const entries = setEntries(value).map(([name, inner]) => `${JSON.stringify(name)}:${canonical(inner)}`);
    return `{${entries.toSorted().join()}}`;
  }
  return JSON.stringify(value);
}

function isNeutral(value: unknown): boolean {
  if (Array.isArray(value)) {
    return value.every(isNeutral);
  }
  if (typeof value === "object" && value !== null) {
    return setEntries(value).length === 0;
  }
  return value === undefined || value === null || value === "" || value === 0 || value === false;
}

/** A field of the engine's types may be there and empty; in a list by path, port or key (`/free: {}`) being there is what counts. */
const setEntries = (value: object): [string, unknown][] =>
  Object.entries(value).filter(([name, inner]) => !(/^[A-Z][A-Za-z]+$/.test(name) && isNeutral(inner)));

const includesAll = (list: unknown, wanted: readonly string[]): boolean =>
  wanted.every((entry) => listOf(list).includes(entry));
const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
const fieldsOf = (value: unknown): Fields =>
  typeof value === "object" && value !== null ? Object.fromEntries(Object.entries(value)) : {};
