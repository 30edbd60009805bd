import { describe, expect, it } from "vitest";
import { UnderWay } from "#server/core/under-way.ts";

describe("work under way", () => {
  it("is counted until it has settled, however it does, and handed back as it was", async () => {
    const underWay = new UnderWay();
    const done = Promise.withResolvers<string>();
    const failing = Promise.withResolvers<string>();
    const tracked = [underWay.track(done.promise), underWay.track(failing.promise)];
    expect(underWay.count).toBe(2);
    done.resolve("done");
    failing.reject(new Error("failed"));
    expect(await Promise.allSettled(tracked)).toMatchObject([{ value: "done" }, { reason: { message: "failed" } }]);
    expect(underWay.count).toBe(0);
  });

  it("has ended once nothing is left, work included that came while somebody waited", async () => {
    const underWay = new UnderWay();
    await underWay.ended();
    const first = Promise.withResolvers<void>();
    const second = Promise.withResolvers<void>();
    void underWay.track(first.promise);
    const seen: string[] = [];
    const waits = [underWay.ended(), underWay.ended()].map((wait) => wait.then(() => seen.push("ended")));
    void underWay.track(second.promise).then(() => seen.push("second"));
    first.resolve();
    await first.promise;
    expect(seen).toEqual([]);
    second.resolve();
    await Promise.all(waits);
    expect(seen.toSorted()).toEqual(["ended", "ended", "second"]);
  });
});
