/** One set-up at a time per clone: two would write the same build folder. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { CACHE } from "./project.mjs";
import { note } from "./report.mjs";

const FILE = join(CACHE, "running.pid");
const POLL_MS = 500;

export async function withSetupLock(work) {
  mkdirSync(CACHE, { recursive: true });
  let told = false;
  while (!take()) {
    if (!told) {
      note("another set-up is at work in this clone; waiting for it");
      told = true;
    }
    await delay(POLL_MS);
  }
  const release = () => rmSync(FILE, { force: true });
  process.once("exit", release);
  try {
    return await work();
  } finally {
    process.off("exit", release);
    release();
  }
}

function take() {
  try {
    writeFileSync(FILE, String(process.pid), { flag: "wx" });
    return true;
  } catch {
    if (!isAlive(Number(readOwner()))) {
      rmSync(FILE, { force: true });
    }
    return false;
  }
}

function readOwner() {
  try {
    return readFileSync(FILE, "utf8");
  } catch {
    return "";
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return pid > 0;
  } catch (error) {
    return error.code === "EPERM";
  }
}
