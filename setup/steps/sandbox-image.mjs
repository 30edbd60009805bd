/** The image that runs people's code. Its own build script knows when there is something to do. */
import { runLogged } from "../lib/exec.mjs";
import { inRoot } from "../lib/project.mjs";
import { step } from "../lib/report.mjs";
import { capture } from "../lib/exec.mjs";

export async function buildSandboxImage(node) {
  const script = inRoot("sandbox-worker/images/build.ts");
  if ((await capture(node, [script, "--check"])).code === 0) {
    return;
  }
  await step("Building the sandbox image", () => runLogged("sandbox-image", node, [script]));
}
