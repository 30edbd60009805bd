/** The shims where they run: in a container without a network, in front of a socket of the host. */
import { once } from "node:events";
import { chmodSync, copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { behindShim } from "#worker/link/test/behind-shim.ts";

const folder = mkdtempSync(join(tmpdir(), "openclaw-shim-"));
/** By the first line of a connection: what the gateway's side does with the rest. */
const scripts = new Map<string, (socket: Socket, rest: Buffer) => void>();
const server = createServer({ allowHalfOpen: true }, (socket) => {
  socket.on("error", () => undefined);
  socket.once("readable", () => {
    const first = (socket.read() as Buffer | null) ?? Buffer.alloc(0);
    const border = first.indexOf("\n");
    const script = scripts.get(first.subarray(0, border).toString());
    if (script === undefined) {
      socket.destroy();
    } else {
      script(socket, first.subarray(border + 1));
    }
  });
});

beforeAll(async () => {
  chmodSync(folder, 0o755);
  for (const shim of ["shim.py", "shim.mjs"]) {
    copyFileSync(new URL(`./${shim}`, import.meta.url), join(folder, shim));
  }
  server.listen({ path: join(folder, "gateway.sock"), readableAll: true, writableAll: true });
  await once(server, "listening");
});
afterAll(() => {
  server.close();
  rmSync(folder, { recursive: true, force: true });
});

const inContainer = (shim: string, program: string): Promise<string> =>
  behindShim(folder, shim, ["python3", "-c", PREAMBLE + program]);

const PREAMBLE = `
import hashlib, socket, threading
def dial(name):
    s = socket.create_connection(("127.0.0.1", 8642), timeout=20)
    s.sendall(name.encode() + b"\\n")
    return s
def rest(s):
    data = b""
    while chunk := s.recv(65536):
        data += chunk
    return data
`;

describe.each([
  ["python", "python3 -I /run/openclaw/shim.py"],
  ["node", "node /run/openclaw/shim.mjs"],
])("the shim in %s", (_language, shim) => {
  it("passes a chunk on before the next is sent", async () => {
    scripts.set("stream", (socket) => {
      socket.write("one");
      socket.once("data", () => socket.end("two"));
    });
    const output = await inContainer(
      shim,
      `s = dial("stream")\nprint(s.recv(100))\ns.sendall(b"next")\nprint(rest(s))`,
    );
    expect(output).toBe("b'one'\nb'two'\n");
  });

  it("ends each direction by itself", async () => {
    scripts.set("half", (socket, first) => {
      const chunks = [first];
      socket.on("data", (chunk: Buffer) => chunks.push(chunk));
      socket.once("end", () => socket.end(`had ${Buffer.concat(chunks).length}`));
    });
    scripts.set("late", (socket) => {
      socket.end("over");
      const chunks: Buffer[] = [];
      socket.on("data", (chunk: Buffer) => chunks.push(chunk));
      socket.once("end", () => ends.push(Buffer.concat(chunks).toString()));
    });
    const ends: string[] = [];
    const output = await inContainer(
      shim,
      `s = dial("half")
s.sendall(b"x" * 1000)
s.shutdown(socket.SHUT_WR)
print(rest(s))
s = dial("late")
print(rest(s))
s.sendall(b"still there")
s.close()`,
    );
    expect(output).toBe("b'had 1000'\nb'over'\n");
    await expect.poll(() => ends).toEqual(["still there"]);
  });

  it("carries 64 connections at once, each both ways, and large bodies whole", async () => {
    scripts.set("echo", (socket, first) => {
      socket.write(first);
      socket.pipe(socket);
    });
    const output = await inContainer(
      shim,
      `ok = []
barrier = threading.Barrier(16)
def one(n):
    s = [dial("echo") for _ in range(4)]
    barrier.wait()
    for i, c in enumerate(s):
        c.sendall(b"%d-%d" % (n, i))
        c.shutdown(socket.SHUT_WR)
    ok.extend(rest(c) == b"%d-%d" % (n, i) for i, c in enumerate(s))
threads = [threading.Thread(target=one, args=(n,)) for n in range(16)]
[t.start() for t in threads]
[t.join() for t in threads]
print(sum(ok))
s = dial("echo")
body = bytes(range(256)) * 40000
def send():
    s.sendall(body)
    s.shutdown(socket.SHUT_WR)
threading.Thread(target=send).start()
print(rest(s) == body)`,
    );
    expect(output).toBe("64\nTrue\n");
  });

  it("survives resets, more connections than it takes, and a hang-up", async () => {
    scripts.set("echo", (socket, first) => {
      socket.write(first);
      socket.pipe(socket);
    });
    const output = await inContainer(
      shim,
      `import os, signal, struct, glob
def command(pid):
    try:
        return open(f"/proc/{pid}/cmdline").read()
    except OSError:
        return ""
[os.kill(int(pid), signal.SIGHUP) for pid in filter(str.isdigit, os.listdir("/proc")) if "gateway.sock" in command(pid) and "mkfifo" not in command(pid)]
for n in range(50):
    s = dial("echo")
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    s.close()
many = [socket.create_connection(("127.0.0.1", 8642)) for _ in range(600)]
[s.close() for s in many]
for attempt in range(100):
    try:
        s = dial("echo")
        s.sendall(b"alive")
        s.shutdown(socket.SHUT_WR)
        if rest(s) == b"alive":
            print("alive")
            break
    except OSError:
        pass`,
    );
    expect(output).toBe("alive\n");
  });
});
