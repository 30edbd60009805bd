/** The machine and the process that runs here. */
import { checksOf, type Check, type Hit } from "#server/scan/check.ts";
import { isLoopbackHost } from "#server/scan/checks/words.ts";
import type { MachineFacts } from "#server/scan/facts/sources.ts";

const LOW_SHARE = 0.05;
const LOW_BYTES = 1024 ** 3;

const options = ({ variables }: MachineFacts): string => variables.get("NODE_OPTIONS") ?? "";
const variable = (name: string, evidence: string, fix: string): Hit => ({
  subject: name,
  evidence,
  fix,
  command: `unset ${name}`,
});
const set = ({ variables }: MachineFacts, names: readonly string[], fix: string): Hit[] =>
  names.flatMap((name) => {
    const value = variables.get(name);
    return value === undefined ? [] : [variable(name, `${name} is ${value}.`, fix)];
  });

const isRemotePlain = (address: string | undefined, plain: RegExp): boolean => {
  const url = URL.parse(address ?? "");
  return url !== null && plain.test(address ?? "") && url.hostname !== "" && !isLoopbackHost(url.hostname);
};

export const MACHINE_CHECKS: readonly Check[] = [
  ...checksOf(
    "machine",
    ["machine"],
    [
      {
        id: "machine.root",
        severity: "warn",
        title: "The gateway runs as root",
        why: "A flaw in it is then one of the whole machine.",
        run: ({ machine: { homeOwner } }) =>
          homeOwner === 0
            ? [
                {
                  subject: "account",
                  evidence: "The home belongs to root, as which the gateway then runs.",
                  fix: "Run it as an account of its own: useradd --system openclaw, and give it the home.",
                },
              ]
            : [],
      },
      {
        id: "machine.foreign_account",
        severity: "info",
        title: "This command runs as another account than the gateway",
        why: "Files it writes may then be unreadable for the gateway, or readable for others.",
        run: ({ machine: { uid, homeOwner } }) =>
          uid !== null && homeOwner !== null && uid !== homeOwner
            ? [
                {
                  subject: "account",
                  evidence: `It runs as account ${uid}; the home belongs to ${homeOwner}.`,
                  fix: "Run it as the gateway's account.",
                },
              ]
            : [],
      },
      {
        id: "machine.inspector",
        severity: "critical",
        title: "A debugger may be attached",
        why: "Whoever connects to it runs code in the gateway and reads its keys.",
        run: ({ machine }) =>
          /--inspect|--debug-port/.test(options(machine))
            ? [variable("NODE_OPTIONS", `NODE_OPTIONS is ${options(machine)}.`, "Take the option out.")]
            : [],
      },
      {
        id: "machine.foreign_code",
        severity: "warn",
        title: "Other code is loaded into the gateway",
        why: "It sees every message, token and key.",
        run: ({ machine }) =>
          /--require|(?:^|\s)-r\s|--import|--loader|--experimental-loader/.test(options(machine))
            ? [
                variable(
                  "NODE_OPTIONS",
                  `NODE_OPTIONS is ${options(machine)}.`,
                  "Take the option out, unless you put it there.",
                ),
              ]
            : [],
      },
      {
        id: "machine.tls_unverified",
        severity: "critical",
        title: "Certificates of others are not verified",
        why: "Anybody on the way can be a provider, a platform or the database.",
        run: ({ machine }) =>
          machine.variables.get("NODE_TLS_REJECT_UNAUTHORIZED") === "0"
            ? [
                variable(
                  "NODE_TLS_REJECT_UNAUTHORIZED",
                  "NODE_TLS_REJECT_UNAUTHORIZED is 0.",
                  "Unset it, and name your own authority with NODE_EXTRA_CA_CERTS.",
                ),
              ]
            : [],
      },
      {
        id: "machine.preload",
        severity: "critical",
        title: "A library is put under every program",
        why: "It sees and changes whatever the gateway does.",
        run: ({ machine }) => set(machine, ["LD_PRELOAD", "LD_AUDIT"], "Unset it, and find out who set it."),
      },
      {
        id: "machine.library_path",
        severity: "warn",
        title: "Libraries are looked for elsewhere first",
        why: "Whoever may write there puts their own code under the gateway.",
        run: ({ machine }) => set(machine, ["LD_LIBRARY_PATH"], "Unset it."),
      },
      {
        id: "machine.tunables",
        severity: "warn",
        title: "The C library is tuned from outside",
        why: "Protections of memory can be switched off there; CVE-2023-4911 made root of it.",
        run: ({ machine }) => set(machine, ["GLIBC_TUNABLES"], "Unset it."),
      },
      {
        id: "machine.extra_authority",
        severity: "info",
        title: "A further authority is believed",
        why: "Whoever holds its key can be any server that the gateway calls.",
        run: ({ machine }) =>
          set(machine, ["NODE_EXTRA_CA_CERTS"], "Unset it, unless you need it for your own services."),
      },
      {
        id: "machine.debug_output",
        severity: "warn",
        title: "Node prints its inner workings",
        why: "Headers and addresses of requests end in the log.",
        run: ({ machine }) => set(machine, ["NODE_DEBUG"], "Unset it."),
      },
      {
        id: "machine.core_files",
        severity: "warn",
        title: "A crash writes the memory to disk",
        why: "Keys and messages stand in it.",
        run: ({ machine: { coreLimit, corePattern } }) =>
          coreLimit !== null && coreLimit > 0 && corePattern !== null && corePattern !== ""
            ? [
                {
                  subject: "core files",
                  evidence: `The limit is ${coreLimit === Infinity ? "any size" : `${coreLimit} bytes`}, and they go to ${corePattern}.`,
                  fix: "Set the limit to 0 where the gateway is started.",
                  command: "ulimit -c 0",
                },
              ]
            : [],
      },
      {
        id: "machine.plain_swap",
        severity: "info",
        title: "Memory is swapped to a disk that is not encrypted",
        why: "Keys and messages stay there after a restart.",
        run: ({ machine: { plainSwap } }) =>
          plainSwap.map((place) => ({
            subject: place,
            evidence: `${place} is no encrypted device.`,
            fix: "Encrypt it, use zram, or do without.",
            command: "swapoff -a",
          })),
      },
      {
        id: "machine.no_address_randomisation",
        severity: "warn",
        title: "Addresses of memory are not random",
        why: "Flaws in programs are far easier to use.",
        run: ({ machine: { addressRandomisation } }) =>
          addressRandomisation !== null && addressRandomisation < 2
            ? [
                {
                  subject: "kernel.randomize_va_space",
                  evidence: `kernel.randomize_va_space is ${addressRandomisation}.`,
                  fix: "Set it to 2.",
                  command: "sysctl -w kernel.randomize_va_space=2",
                },
              ]
            : [],
      },
      {
        id: "machine.loose_umask",
        severity: "warn",
        title: "New files may be written by others",
        why: "What other programs of this account write is open to change.",
        run: ({ machine: { umask } }) =>
          (umask & 0o002) === 0
            ? [
                {
                  subject: "umask",
                  evidence: `The umask is ${umask.toString(8).padStart(4, "0")}.`,
                  fix: "Set it where the gateway is started.",
                  command: "umask 0027",
                },
              ]
            : [],
      },
      {
        id: "machine.engine_socket_open",
        severity: "critical",
        title: "Every account may use the container engine",
        why: "Whoever may use it is root.",
        run: ({ machine: { openEngineSocket } }) =>
          openEngineSocket === null
            ? []
            : [
                {
                  subject: openEngineSocket,
                  file: openEngineSocket,
                  evidence: `Every account may write to ${openEngineSocket}.`,
                  fix: "Close it.",
                  command: `chmod 660 ${openEngineSocket}`,
                },
              ],
      },
      {
        id: "machine.engine_plain",
        severity: "critical",
        title: "The engine is called over the network without TLS",
        why: "Whoever is on the way, or reaches that port, is root on its machine.",
        run: ({ machine: { variables } }) =>
          isRemotePlain(variables.get("DOCKER_HOST"), /^(?:tcp|http):/) &&
          (variables.get("DOCKER_TLS_VERIFY") ?? "") === ""
            ? [
                variable(
                  "DOCKER_HOST",
                  `DOCKER_HOST is ${variables.get("DOCKER_HOST") ?? ""}, without DOCKER_TLS_VERIFY.`,
                  "Use the engine's own socket, or TLS.",
                ),
              ]
            : [],
      },
      {
        id: "machine.redis_plain",
        severity: "warn",
        title: "Limits are kept over the network without encryption",
        why: "Whoever is on the way changes them, and reads who sends how much.",
        run: ({ machine: { variables } }) =>
          isRemotePlain(variables.get("REDIS_URL"), /^redis:/)
            ? [
                {
                  subject: "REDIS_URL",
                  evidence: `REDIS_URL leads to ${variables.get("REDIS_URL") ?? ""}.`,
                  fix: "Use rediss://.",
                },
              ]
            : [],
      },
      {
        id: "machine.database_plain",
        severity: "warn",
        title: "The database's address asks for no encryption",
        why: "Everything that is stored or read may pass in the open.",
        run: ({ machine: { variables } }) =>
          isRemotePlain(
            variables.get("DATABASE_URL"),
            /^postgres(?:ql)?:(?!.*sslmode=(?:require|verify-ca|verify-full))/,
          )
            ? [
                {
                  subject: "DATABASE_URL",
                  evidence: `DATABASE_URL leads to ${variables.get("DATABASE_URL") ?? ""}.`,
                  fix: "Add ?sslmode=verify-full.",
                },
              ]
            : [],
      },
    ],
  ),
  ...checksOf(
    "machine",
    ["surroundings"],
    [
      {
        id: "machine.disk_nearly_full",
        severity: "warn",
        title: "The disk is nearly full",
        why: "When it is, nothing can be recorded, and everything is refused.",
        run: ({ surroundings: { freeShare, freeBytes } }) =>
          freeShare < LOW_SHARE && freeBytes < 10 * LOW_BYTES
            ? [
                {
                  subject: "disk",
                  evidence: `${Math.floor(freeShare * 100)} % and ${Math.floor(freeBytes / 1024 ** 2)} MiB are free where the home lies.`,
                  fix: "Make room, or move the home.",
                },
              ]
            : [],
      },
    ],
  ),
];
