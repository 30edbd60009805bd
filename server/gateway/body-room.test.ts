import { expect, test } from "vitest";
import { createBodyRoom, ROOM_BYTES, withBodyRoom } from "#server/gateway/body-room.ts";
import { MAX_BODY_BYTES, MAX_BODY_BYTES_WITH_FILES } from "#server/gateway/schema.ts";

test("room is given while there is some, and comes back once", () => {
  const room = createBodyRoom(10);
  const first = room.take(6);
  expect([first === null, room.take(5)]).toEqual([false, null]);
  first?.();
  first?.();
  expect([room.take(10) === null, room.take(1)]).toEqual([false, null]);
});

const of = (bytes: string | undefined) => ({
  header: (name: string) => (name === "content-length" ? bytes : undefined),
});

test("a body without a length, or with a small one, stays small; one that is too large is refused by its length", async () => {
  const limits = await Promise.all(
    [undefined, "0", "10", String(MAX_BODY_BYTES), "NaN", "-1", String(MAX_BODY_BYTES_WITH_FILES + 1)].map((length) =>
      withBodyRoom(of(length), (limit) => Promise.resolve(limit)),
    ),
  );
  expect(limits).toEqual([...Array<number>(6).fill(MAX_BODY_BYTES), MAX_BODY_BYTES_WITH_FILES]);
});

test("large bodies together never have more than the room, and a failed one gives it back", async () => {
  const fits = Math.floor(ROOM_BYTES / MAX_BODY_BYTES_WITH_FILES);
  const ends: (() => void)[] = [];
  const large = (): Promise<number> =>
    withBodyRoom(
      of(String(MAX_BODY_BYTES_WITH_FILES)),
      (limit) => new Promise((resolve) => ends.push(() => resolve(limit))),
    );
  const held = Array.from({ length: fits }, large);
  await expect(large()).rejects.toMatchObject({ code: "BUSY", retryAfterSeconds: 2 });
  // Small ones go on.
  expect(await withBodyRoom(of("10"), (limit) => Promise.resolve(limit))).toBe(MAX_BODY_BYTES);
  ends.forEach((end) => end());
  expect(await Promise.all(held)).toEqual(Array<number>(fits).fill(MAX_BODY_BYTES_WITH_FILES));
  for (let round = 0; round <= fits; round += 1) {
    const failing = withBodyRoom(of(String(MAX_BODY_BYTES_WITH_FILES)), () => Promise.reject(new Error("broken")));
    await expect(failing).rejects.toThrow("broken");
  }
});
