/** Sockets: to the host, to the metadata service, to the engine, past the container's own loopback. */
import { python, sh, type HostileProgram } from "#worker/hostile/corpus/program.ts";

export const NETWORK: readonly HostileProgram[] = [
  {
    name: "raw, packet, crypto, virtual-machine and kernel sockets",
    language: "python",
    code: python(`
for name, arguments in {
  "raw": (2, 3, 1), "raw6": (10, 3, 58), "tcp raw": (2, 3, 6), "packet": (17, 3, 0x300), "alg": (38, 5, 0), "vsock": (40, 1, 0), "key": (15, 3, 2),
  "bluetooth": (31, 3, 0), "can": (29, 3, 1), "tipc": (30, 5, 0), "rds": (21, 5, 0), "xdp": (44, 3, 0), "smc": (43, 1, 0), "qipcrtr": (42, 2, 0),
  "netlink audit": (16, 3, 9), "netlink netfilter": (16, 3, 12), "netlink uevent": (16, 3, 15), "netlink connector": (16, 3, 11), "netlink generic": (16, 3, 16),
}.items():
  attempt(name.replace(" ", "-"), lambda: socket.socket(*arguments))
`),
    holds: "only local, IPv4, IPv6 and route-netlink sockets exist",
    ends: "exit",
    shows: /^(\S+ E\w+\n){19}$/,
  },
  {
    name: "connect to the metadata service, the bridge, the host and private networks",
    language: "python",
    code: python(`
for address in ("169.254.169.254", "169.254.170.2", "100.100.100.200", "172.17.0.1", "172.18.0.1", "10.0.0.1", "192.168.0.1", "192.168.65.2", "8.8.8.8", "0.0.0.0", "255.255.255.255", "224.0.0.1"):
  for port in (80, 2375):
    client = socket.socket()
    client.settimeout(0.2)
    attempt(address, lambda: client.connect((address, port)))
for address in ("fd00:ec2::254", "fe80::1", "2001:4860:4860::8888", "::ffff:172.17.0.1"):
  client = socket.socket(socket.AF_INET6)
  client.settimeout(0.2)
  attempt(address, lambda: client.connect((address, 80)))
`),
    holds: "no connection is made",
    ends: "exit",
    shows: /^(\S+ (ENETUNREACH|ECONNREFUSED|EACCES|EADDRNOTAVAIL|EINVAL)\n){28}$/,
  },
  {
    name: "the host's services on its loopback",
    language: "python",
    code: python(`
found = 0
for port in list(range(1, 1200)) + [2375, 2376, 3000, 5432, 6379, 8080, 9229, 10250, 18789]:
  client = socket.socket()
  if client.connect_ex(("127.0.0.1", port)) == 0: print("ESCAPED port", port)
  else: found += 1
  client.close()
print("closed", found)
`),
    holds: "its loopback is not the host's",
    ends: "exit",
    shows: /^closed 1208\n$/,
  },
  {
    name: "names: resolver of the host, DNS over UDP and TCP, local name services",
    language: "python",
    code: python(`
for name in ("example.com", "host.docker.internal", "metadata.google.internal", "gateway.docker.internal", "kubernetes.default.svc"):
  try: print("ESCAPED", socket.getaddrinfo(name, 80))
  except socket.gaierror: print("unknown")
query = bytes.fromhex("abcd01000001000000000000076578616d706c6503636f6d0000010001")
for server in ("127.0.0.11", "8.8.8.8", "172.17.0.1"):
  client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
  client.settimeout(0.2)
  attempt("udp", lambda: (client.sendto(query, (server, 53)), client.recv(512)))
print(open("/etc/resolv.conf").read().split())
`),
    holds: "no name is resolved and the host's resolver is not told",
    ends: "exit",
    shows: /^(unknown\n){5}udp [^\n]+\nudp ENETUNREACH\nudp ENETUNREACH\n\['nameserver', '127\.0\.0\.1'\]\n$/,
  },
  {
    name: "sockets of container engines under all their usual paths",
    language: "python",
    code: python(`
for path in ("/var/run/docker.sock /run/docker.sock /docker.sock /tmp/docker.sock /workspace/docker.sock /host/var/run/docker.sock /mnt/docker.sock "
  "/run/containerd/containerd.sock /var/run/containerd/containerd.sock /run/docker/containerd/containerd.sock /var/run/docker/containerd/docker-containerd.sock "
  "/run/podman/podman.sock /run/user/0/podman/podman.sock /run/user/1000/docker.sock /run/crio/crio.sock /var/run/crio/crio.sock /run/k3s/containerd/containerd.sock "
  "/run/buildkit/buildkitd.sock /run/dbus/system_bus_socket /run/systemd/private /run/systemd/notify /var/run/postgresql/.s.PGSQL.5432 /tmp/.s.PGSQL.5432 "
  "/run/openclaw/worker.sock /var/snap/lxd/common/lxd/unix.socket").split():
  client = socket.socket(socket.AF_UNIX)
  attempt(path, lambda: client.connect(path))
`),
    holds: "none is there",
    ends: "exit",
    shows: /^(\S+ (ENOENT|ENOTDIR|EACCES)\n){25}$/,
  },
  {
    name: "a search of the whole tree for any socket",
    language: "sh",
    code: sh(
      `find / -type s 2>/dev/null | sed 's/^/ESCAPED /'; env | grep -i -E 'docker|kube|containerd' | sed 's/^/ESCAPED /'; echo searched`,
    ),
    holds: "there is no socket and no address of an engine",
    ends: "exit",
    shows: /^searched\n$/,
  },
  {
    name: "abstract sockets of the host, such as those of container shims",
    language: "python",
    code: python(`
print("listed", len(open("/proc/net/unix").read().splitlines()) - 1)
for name in ("containerd-shim", "/containerd-shim/moby/x/shim.sock@", "/tmp/.X11-unix/X0", "/org/kernel/linux/storage/multipathd", "ISCSIADM_ABSTRACT_NAMESPACE"):
  client = socket.socket(socket.AF_UNIX)
  attempt("abstract", lambda: client.connect("\\0" + name))
`),
    holds: "the names belong to the container's own network",
    ends: "exit",
    shows: /^listed 0\n(abstract ECONNREFUSED\n){5}$/,
  },
  {
    name: "a new interface, address or route by netlink",
    language: "python",
    code: python(`
import struct
route = socket.socket(16, socket.SOCK_RAW, 0)
for kind, body in ((16, struct.pack("BxHiII", 0, 0, 0, 0, 0)), (20, struct.pack("BBBBI", 2, 24, 0, 0, 1)), (24, struct.pack("BBBBBBBBI", 2, 0, 0, 0, 254, 3, 0, 1, 0)), (19, struct.pack("BxHiII", 0, 0, 1, 0, 0xffffffff))):
  route.send(struct.pack("IHHII", 16 + len(body), kind, 0x605, 1, 0) + body)
  code = struct.unpack("i", route.recv(4096)[16:20])[0]
  print(kind, errno.errorcode.get(-code, "ESCAPED"))
`),
    holds: "the network configuration cannot be changed",
    ends: "exit",
    shows: /^(\d+ EPERM\n){4}$/,
  },
  {
    name: "interfaces and neighbours of the host through ioctl, /sys and /proc/net",
    language: "node",
    code: `const fs = require("fs"), os = require("os");
console.log(Object.keys(os.networkInterfaces()).join() || "none", fs.readdirSync("/sys/class/net").join());
console.log(fs.readFileSync("/proc/net/arp", "utf8").trim().split("\\n").length - 1, fs.readFileSync("/proc/net/tcp", "utf8").trim().split("\\n").length - 1);
for (const host of ["169.254.169.254", "172.17.0.1"]) fetch("http://" + host + "/latest/meta-data/").then(() => console.log("ESCAPED"), (error) => console.log(error.cause.code));`,
    holds: "only its own loopback shows",
    ends: "exit",
    shows: /^(lo|none) lo\n0 0\nENETUNREACH\nENETUNREACH\n$/,
  },
];
