/** Attacks on the second step of signing in, made over HTTP as a program would: what the page does does not matter. */
import { randomUUID } from "node:crypto";
import { changeMember } from "../support/cli.ts";
import { expect, test } from "../support/fixtures.ts";
import { newMember, signInWith, totpCode, unusedCode } from "../support/members.ts";
import type { APIRequestContext } from "@playwright/test";

const STATUS = "/api/trpc/overview.status";

const isSignedIn = async (client: APIRequestContext): Promise<boolean> => (await client.get(STATUS)).status() === 200;

test("AUTH-10 of 50 sign-ins at once with one recovery code exactly one succeeds", async ({ newClient }) => {
  const first = await newClient();
  const clients = await Promise.all(Array.from({ length: 50 }, newClient));
  const { email, password, recoveryCodes } = await newMember(first);
  const [recoveryCode = ""] = recoveryCodes;
  const refusals = await Promise.all(
    clients.map((client) => signInWith(client, "password", { email, password, recoveryCode })),
  );
  expect(refusals.filter((refusal) => refusal === null)).toHaveLength(1);
  const live = await Promise.all(clients.map(isSignedIn));
  expect(live.filter(Boolean)).toHaveLength(1);
});

test("AUTH-10 a code that was used is refused, by the same browser and by another", async ({ newClient }) => {
  const first = await newClient();
  const one = await newClient();
  const other = await newClient();
  const { email, password, secret } = await newMember(first);
  const code = await unusedCode(secret);
  const answers = await Promise.all(
    [one, other].map((client) => signInWith(client, "password", { email, password, code })),
  );
  expect(answers.filter((refusal) => refusal === null)).toHaveLength(1);
  expect(await signInWith(one, "password", { email, password, code })).toMatch(
    /^(SecondFactorInvalid|TooManyAttempts)/,
  );
});

test("AUTH-10 guessing codes is slowed down after a few, with the right password too", async ({ newClient }) => {
  const first = await newClient();
  const guesser = await newClient();
  const { email, password, secret } = await newMember(first);
  const right = totpCode(secret);
  const guesses = Array.from({ length: 20 }, (_, n) => String((Number(right) + 1 + n) % 1_000_000).padStart(6, "0"));
  const answers: (string | null)[] = [];
  for (const code of guesses) {
    answers.push(await signInWith(guesser, "password", { email, password, code }));
  }
  expect(answers).not.toContain(null);
  expect(answers.at(-1)).toMatch(/^TooManyAttempts:\d+$/);
  expect(await isSignedIn(guesser)).toBe(false);
});

test("a password alone opens nothing, and the answer to a wrong one is that to an unknown account", async ({
  newClient,
}) => {
  const first = await newClient();
  const client = await newClient();
  const { email, password } = await newMember(first);
  expect(await signInWith(client, "password", { email, password })).toMatch(/^SecondFactorRequired:/);
  expect(await isSignedIn(client)).toBe(false);
  // This address has guessed before, in the tests above: from some guess on, everybody is told to wait.
  const word = async (address: string) =>
    (await signInWith(client, "password", { email: address, password: "not the password at all" }))?.split(":")[0];
  const before = await word(email);
  const unknown = await word(`nobody-${randomUUID()}@example.com`);
  const after = await word(email);
  expect(["CredentialsInvalid", "TooManyAttempts"]).toContain(before);
  expect([before, after]).toContain(unknown);
});

test("a member who is disabled is out with the next call", async ({ newClient }) => {
  const client = await newClient();
  const { email } = await newMember(client);
  expect(await isSignedIn(client)).toBe(true);
  await changeMember("disable", email);
  expect((await client.get(STATUS)).status()).toBe(401);
  expect((await client.get("/overview", { maxRedirects: 0 })).status()).toBe(307);
});
