/** The kernel holds the lock: a second process is refused, and a killed owner leaves nothing behind. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { tryLock } from "#server/core/process-lock.ts";

const HOLDER = `
  import { tryLock } from ${JSON.stringify(new URL("./process-lock.ts", import.meta.url).href)};
  console.log(tryLock(process.argv[1]) === null ? "refused" : "held");
  setInterval(() => globalThis.gc?.(), 10);
`;

let folder: string;
let file: string;
const holders: ChildProcess[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "openclaw-lock-"));
  file = join(folder, "lock");
});

afterEach(() => {
  holders.splice(0).forEach((holder) => holder.kill("SIGKILL"));
  rmSync(folder, { recursive: true });
});

async function holdInAnotherProcess(): Promise<{ holder: ChildProcess; answer: string }> {
  // Collecting garbage all the time: a lock nobody refers to must still hold.
  const holder = spawn(process.execPath, ["--expose-gc", "--input-type=module", "-e", HOLDER, file], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  holders.push(holder);
  const [chunk] = (await once(holder.stdout, "data")) as [Buffer];
  return { holder, answer: chunk.toString().trim() };
}

describe("tryLock", () => {
  it("refuses a second process while the first lives, and lets it in after kill -9", async () => {
    const { holder, answer } = await holdInAnotherProcess();
    expect(answer).toBe("held");
    expect(tryLock(file)).toBeNull();
    expect((await holdInAnotherProcess()).answer).toBe("refused");
    holder.kill("SIGKILL");
    await once(holder, "exit");
    const lock = tryLock(file);
    expect(lock).not.toBeNull();
    lock?.release();
  });

  it("can be taken again after its release", async () => {
    tryLock(file)?.release();
    expect((await holdInAnotherProcess()).answer).toBe("held");
  });

  it("says what to do when the file cannot be made", () => {
    expect(() => tryLock(join(folder, "missing", "lock"))).toThrow(/Cannot lock .* writable/);
  });
});
