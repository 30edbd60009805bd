import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { listedIn } from "./listed-kinds.ts";

const folder = mkdtempSync(join(tmpdir(), "openclaw-listed-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** Kinds of these three that are recorded under a configuration. */
function recorded(text: string | null): string[] {
  const file = join(folder, "openclaw.json5");
  rmSync(file, { force: true });
  if (text !== null) {
    writeFileSync(file, text);
  }
  const listed = listedIn(file);
  return (["config_changes", "file_access", "errors"] as const).filter((kind) => listed(kind));
}

test("AUD-2 commands record what the configuration lists, and a broken or missing one hides nothing", () => {
  expect(recorded('{ logging: { audit: { events: ["errors"] } } }')).toEqual(["config_changes", "errors"]);
  expect(recorded("{ logging: ")).toEqual(["config_changes", "file_access", "errors"]);
  expect(recorded(null)).toEqual(["config_changes", "file_access", "errors"]);
});
