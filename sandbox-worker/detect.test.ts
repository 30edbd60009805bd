import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { detectionsOf, strayKinds, type ProcessFacts } from "#worker/detect.ts";
import type { KilledCall } from "#worker/kernel-log.ts";

const X86_64 = 0xc000003e;
const MOUNT = 165;
const BPF = 321;
const killed = (pid: number, at: number, call = MOUNT): KilledCall => ({ pid, at, arch: X86_64, call });
const ran = (from: number, to: number, ...pids: number[]): { from: number; to: number; pids: Set<number> } => ({
  from,
  to,
  pids: new Set(pids),
});
const none = new Map<never, number>();

describe("whose killed call it is", () => {
  test("a process that was seen in the container is its own, for certain, with counts by call", () => {
    const calls = [killed(7, 150), killed(7, 160), killed(8, 170, BPF)];
    expect(detectionsOf(calls, ran(100, 200, 7, 8), [], none)).toEqual([
      { event: "sandbox.escape_attempt", reason: "forbidden_call", evidence: { calls: { mount: 2, bpf: 1 } } },
    ]);
  });

  test("a process nobody saw makes those suspect that ran then, and says how many", () => {
    const others = [ran(50, 160, 1), ran(170, 300, 2), ran(0, 90, 3)];
    expect(detectionsOf([killed(9, 150)], ran(100, 200, 7), others, none)).toEqual([
      {
        event: "sandbox.escape_suspected",
        reason: "forbidden_call",
        evidence: { calls: { mount: 1 }, containersAtThatTime: 2 },
      },
    ]);
  });

  test("what another container is known to have done is not held against this one", () => {
    expect(detectionsOf([killed(7, 150)], ran(100, 200, 4), [ran(100, 200, 7)], none)).toEqual([]);
  });

  test("a process number from before or after the run is somebody else's", () => {
    expect(detectionsOf([killed(7, 80), killed(7, 201)], ran(100, 200, 7), [], none)).toEqual([]);
  });

  test("no killed call and no stray process: nothing, whatever else ran", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(99)), fc.array(fc.array(fc.nat(99))), (own, rest) => {
        expect(
          detectionsOf(
            [],
            ran(0, 100, ...own),
            rest.map((pids) => ran(0, 100, ...pids)),
            none,
          ),
        ).toEqual([]);
      }),
    );
  });

  test("every call counts exactly once for the container that made it and never for another", () => {
    const pid = fc.integer({ min: 1, max: 20 });
    fc.assert(
      fc.property(fc.array(pid, { maxLength: 30 }), fc.uniqueArray(pid), (callers, own) => {
        const mine = ran(0, 100, ...own);
        const other = ran(
          0,
          100,
          ...Array.from({ length: 20 }, (_, index) => index + 1).filter((n) => !own.includes(n)),
        );
        const counted = (found: ReturnType<typeof detectionsOf>): unknown =>
          found.map(({ event, evidence }) => [event, evidence]);
        const calls = callers.map((caller) => killed(caller, 50));
        const expected = callers.filter((caller) => own.includes(caller)).length;
        expect(counted(detectionsOf(calls, mine, [other], none))).toEqual(
          expected === 0 ? [] : [["sandbox.escape_attempt", { calls: { mount: expected } }]],
        );
      }),
    );
  });
});

describe("stray processes", () => {
  const first: ProcessFacts = {
    pid: 10,
    uid: 65534,
    capabilities: "0000000000000000",
    namespaces: { mnt: "mnt:[1]", pid: "pid:[2]", net: "net:[3]", user: "user:[4]" },
  };

  test.each<[string, Partial<ProcessFacts>, string[]]>([
    ["like the first", {}, []],
    ["another network", { namespaces: { ...first.namespaces, net: "net:[9]" } }, ["namespace"]],
    ["root", { uid: 0 }, ["account"]],
    ["a capability", { capabilities: "0000000000200000" }, ["capabilities"]],
    [
      "all of it",
      { uid: 0, capabilities: "000001ffffffffff", namespaces: {} },
      ["namespace", "account", "capabilities"],
    ],
  ])("%s", (_name, changes, kinds) => {
    expect(strayKinds(first, { ...first, pid: 11, ...changes })).toEqual(kinds);
  });

  test("they are an attempt with what was wrong", () => {
    expect(detectionsOf([], ran(0, 100, 1), [], new Map([["account", 1]]))).toEqual([
      { event: "sandbox.escape_attempt", reason: "stray_process", evidence: { processes: { account: 1 } } },
    ]);
  });
});
