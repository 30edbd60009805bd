import { describe, expect, test } from "vitest";
import { AnswerBody } from "#server/models/answer-body.ts";

const text = (content: string): Buffer => Buffer.from(content);

function bodyWith() {
  const asked: string[] = [];
  const body = new AnswerBody({
    pause: () => void asked.push("pause"),
    resume: () => void asked.push("resume"),
    abort: () => void asked.push("abort"),
  });
  return { body, asked };
}

describe("an answer's body", () => {
  test("taken whole, whether its pieces came before or after it was asked for", async () => {
    const { body } = bodyWith();
    body.push(text("before, "));
    const whole = body.whole();
    body.push(text("after"));
    body.end();
    expect((await whole).toString()).toBe("before, after");

    const { body: ended } = bodyWith();
    ended.push(text("all of it"));
    ended.end();
    expect((await ended.whole()).toString()).toBe("all of it");
  });

  test("read piece by piece, waiting for what has not come; what has come is one piece", async () => {
    const { body, asked } = bodyWith();
    body.push(text("o"));
    body.push(text("ne"));
    expect((await body.next()).value?.toString()).toBe("one");
    const second = body.next();
    body.push(text("two"));
    body.end();
    expect((await second).value?.toString()).toBe("two");
    expect(await body.next()).toEqual({ done: true, value: undefined });
    expect(asked).toEqual([]);
  });

  test("holds the provider back while nobody reads, and lets it go on once all was read", async () => {
    const { body, asked } = bodyWith();
    body.push(Buffer.alloc(40 * 1024));
    expect(asked).toEqual([]);
    body.push(Buffer.alloc(40 * 1024));
    body.push(Buffer.alloc(1));
    expect(asked).toEqual(["pause"]);
    const piece = await body.next();
    expect(piece.value?.length).toBe(80 * 1024 + 1);
    expect(asked).toEqual(["pause", "resume"]);
  });

  test("that breaks off fails its reader, after what came before was read", async () => {
    const { body } = bodyWith();
    body.push(text("half"));
    body.fail(new Error("cut"));
    expect((await body.next()).value?.toString()).toBe("half");
    await expect(body.next()).rejects.toThrow("cut");

    const { body: wanted } = bodyWith();
    const whole = wanted.whole();
    wanted.push(text("half"));
    wanted.fail(new Error("cut"));
    await expect(whole).rejects.toThrow("cut");
    await expect(wanted.whole()).rejects.toThrow("cut");

    const { body: awaited } = bodyWith();
    const step = awaited.next();
    awaited.fail(new Error("cut"));
    await expect(step).rejects.toThrow("cut");
  });

  test("frees the connection when a loop over it is left, and only while it is not at its end", async () => {
    const { body, asked } = bodyWith();
    body.push(text("one"));
    for await (const piece of body) {
      expect(piece.toString()).toBe("one");
      break;
    }
    expect(asked).toEqual(["abort"]);

    const { body: ended, asked: none } = bodyWith();
    ended.end();
    ended.destroy();
    ended.fail(new Error("late"));
    expect(none).toEqual([]);
    expect(await ended.next()).toEqual({ done: true, value: undefined });
  });
});
