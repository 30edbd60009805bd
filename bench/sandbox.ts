/** The figures of the sandbox, medians, one JSON line each. `node bench/sandbox.ts 1 4` measures P-SBX-1 and P-SBX-4 only. */
import { measureCold } from "./sandbox/cold.ts";
import { measureHttp, measureLeaks } from "./sandbox/product.ts";
import { measureParallel, measureWarm } from "./sandbox/warm.ts";

const asked = process.argv.slice(2);
const wanted = (figure: string): boolean => asked.length === 0 || asked.includes(figure);

if (wanted("1") || wanted("3")) {
  const warmMs = await measureWarm();
  if (wanted("3")) {
    await measureHttp(warmMs);
  }
}
if (wanted("2")) {
  await measureParallel();
}
if (wanted("4")) {
  await measureCold();
}
if (wanted("5")) {
  await measureLeaks();
}
