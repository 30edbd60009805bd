import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import { connect } from "node:tls";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { MAX_HELLO_BYTES, readClientHello } from "#worker/link/egress/client-hello.ts";

/** What Node's TLS client really sends. */
async function helloOf(servername: string | undefined, maxVersion: "TLSv1.2" | "TLSv1.3"): Promise<Buffer> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" ? (address?.port ?? 0) : 0;
  const taken = once(server, "connection");
  const client = connect({ host: "127.0.0.1", port, ...(servername === undefined ? {} : { servername }), maxVersion });
  client.on("error", () => undefined);
  const [socket] = (await taken) as [Socket];
  const [bytes] = (await once(socket, "data")) as [Buffer];
  client.destroy();
  socket.destroy();
  server.close();
  return bytes;
}

const u16 = (value: number): Buffer => Buffer.from([value >> 8, value & 255]);
const vector = (bytes: Buffer, size: 1 | 2): Buffer =>
  Buffer.concat([size === 1 ? Buffer.from([bytes.length]) : u16(bytes.length), bytes]);
const extension = (type: number, content: Buffer): Buffer => Buffer.concat([u16(type), vector(content, 2)]);
const entry = (name: string): Buffer => Buffer.concat([Buffer.from([0]), vector(Buffer.from(name), 2)]);
const serverName = (...names: string[]): Buffer => extension(0, vector(Buffer.concat(names.map(entry)), 2));

function hello(extensions: Buffer[]): Buffer {
  const body = Buffer.concat([
    Buffer.from([3, 3]),
    Buffer.alloc(32, 7),
    vector(Buffer.alloc(32), 1),
    vector(Buffer.from([0x13, 1]), 2),
    vector(Buffer.from([0]), 1),
    vector(Buffer.concat(extensions), 2),
  ]);
  return Buffer.concat([Buffer.from([1, 0]), u16(body.length), body]);
}
const record = (fragment: Buffer): Buffer => Buffer.concat([Buffer.from([22, 3, 1]), u16(fragment.length), fragment]);

let real: Buffer;
beforeAll(async () => {
  real = await helloOf("api.example.com", "TLSv1.3");
});

describe("readClientHello", () => {
  it.each(["TLSv1.2", "TLSv1.3"] as const)("reads the name a real client sends (%s)", async (version) => {
    const bytes = await helloOf("host.example", version);
    expect(readClientHello(bytes)).toEqual({ kind: "hello", name: "host.example", encrypted: false });
  });

  it("says when a real client names no host", async () => {
    expect(readClientHello(await helloOf(undefined, "TLSv1.3"))).toMatchObject({ kind: "hello", name: null });
  });

  it("wants more of every beginning, whatever follows is not its business", () => {
    for (let length = 0; length < real.length; length += 1) {
      expect(readClientHello(real.subarray(0, length))).toEqual({ kind: "more" });
    }
    expect(readClientHello(Buffer.concat([real, Buffer.from("rest")]))).toMatchObject({ name: "api.example.com" });
  });

  it("reads it across records, however they are cut", () => {
    const message = hello([serverName("api.example.com")]);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: message.length - 1 }), { maxLength: 6 }), (cuts) => {
        const borders = [0, ...new Set(cuts.sort((a, b) => a - b)), message.length];
        const records = borders.slice(1).map((end, index) => record(message.subarray(borders[index], end)));
        expect(readClientHello(Buffer.concat(records))).toMatchObject({ kind: "hello", name: "api.example.com" });
      }),
    );
  });

  it.each([
    ["plain HTTP", Buffer.from("GET / HTTP/1.1\r\n\r\n")],
    ["SSH", Buffer.from("SSH-2.0-OpenSSH_9.2\r\n")],
    ["an SSL 2 hello", Buffer.from([0x80, 0x2e, 1, 3, 1])],
    ["an empty record", Buffer.from([22, 3, 1, 0, 0])],
    ["another handshake message", record(Buffer.from([2, 0, 0, 0]))],
    ["two names", record(hello([serverName("a.example", "b.example")]))],
    ["the extension twice", record(hello([serverName("a.example"), serverName("b.example")]))],
    ["an empty name", record(hello([serverName("")]))],
    ["a name of another type", record(hello([extension(0, vector(Buffer.from([9, 0, 1, 65]), 2))]))],
    ["lengths that point beyond the end", record(hello([Buffer.from([0, 0, 255, 255, 1])]))],
    ["a hello that is too large", Buffer.from([22, 3, 1, 64, 0, 1, 1, 0, 0])],
    [
      "too many records",
      Buffer.concat(Array.from(hello([serverName("a.example")]), (byte) => record(Buffer.from([byte])))),
    ],
  ])("refuses %s", (_what, bytes) => expect(readClientHello(bytes)).toEqual({ kind: "not_tls" }));

  it("sees an encrypted hello", () => {
    const bytes = record(hello([serverName("a.example"), extension(0xfe0d, Buffer.alloc(20))]));
    expect(readClientHello(bytes)).toEqual({ kind: "hello", name: "a.example", encrypted: true });
  });

  it("never throws, never waits for ever, and never reads another name out of a damaged hello than one that is in it", () => {
    const damaged = fc.tuple(fc.nat(real.length - 1), fc.nat(255)).map(([at, value]) => {
      const copy = Buffer.from(real);
      copy[at] = value;
      return copy;
    });
    const garbage = fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.concat([Buffer.from([22, 3, 1]), bytes]));
    fc.assert(
      fc.property(fc.oneof(damaged, garbage), (bytes) => {
        const found = readClientHello(bytes);
        if (found.kind === "hello" && found.name !== null) {
          expect(bytes.toString("latin1")).toContain(found.name);
        }
        const filled = Buffer.concat([bytes, Buffer.alloc(2 * MAX_HELLO_BYTES + 70_000)]);
        expect(readClientHello(filled).kind).not.toBe("more");
      }),
      { numRuns: 2000 },
    );
  });
});
