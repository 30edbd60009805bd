/** Progress of the set-up: one line when a step starts, signs of life while it runs, one line with its time when it ends. */

const SIGN_OF_LIFE_MS = 15_000;

function seconds(since) {
  return `${((Date.now() - since) / 1000).toFixed(1)} s`;
}

/** Runs `work`, showing it as `label`. Its error, if any, passes on after the line that marks it. */
export async function step(label, work) {
  const started = Date.now();
  console.log(`  … ${label}`);
  const life = setInterval(() => console.log(`  … ${label}: ${seconds(started)}`), SIGN_OF_LIFE_MS);
  try {
    const result = await work();
    console.log(`  ✓ ${label} (${seconds(started)})`);
    return result;
  } catch (error) {
    console.log(`  ✗ ${label} (${seconds(started)})`);
    throw error;
  } finally {
    clearInterval(life);
  }
}

export function note(text) {
  console.log(`  ! ${text}`);
}

/** Shows what stopped the set-up. */
export function showProblem(error) {
  if (error?.details) {
    console.error(`\n${error.details}`);
  }
  console.error(`\n  ✗ ${error?.name === "SetupProblem" ? error.message : (error?.stack ?? error)}\n`);
}
