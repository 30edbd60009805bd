/** The image that runs people's code. Its own build script knows whether there is anything to do, and reports its progress. */
import { runLogged } from "../lib/exec.mjs";
import { inRoot } from "../lib/project.mjs";

export async function buildSandboxImage(node) {
  await runLogged("sandbox-image", node, [inRoot("sandbox-worker/images/build.ts")], {
    onOutput(chunk) {
      for (const line of chunk.split("\n")) {
        if (line.trim() !== "" && !line.includes("up to date")) {
          console.log(`  … ${line.trim()}`);
        }
      }
    },
  });
}
