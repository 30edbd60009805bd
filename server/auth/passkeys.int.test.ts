/** Passkeys with an authenticator made of software: real keys, real signatures, and every part of the answer in the test's hands. */
import { createHash, createSign, generateKeyPairSync, randomBytes, type KeyObject } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { startAuthServices, type AuthTestServices } from "../../tests/support/auth-services.ts";
import { accountCall, addMember, signInMember, type TestMember } from "../../tests/support/members.ts";
import { addPasskey, passkeyRegistrationOptions, removePasskey } from "#server/account/passkeys.ts";
import { stepUp, stepUpOptions } from "#server/account/step-up.ts";
import { authenticationOptions } from "#server/auth/passkeys.ts";
import { SignInRefusal } from "#server/auth/refusals.ts";
import { findSession } from "#server/auth/session.ts";
import { signInWithPasskey } from "#server/auth/sign-in-passkey.ts";
import { isAppError } from "#server/core/errors.ts";

const HOST = "localhost:18789";
const ORIGIN = `http://${HOST}`;
let services: AuthTestServices;
let origin = { address: "", requestId: "req_test", userAgent: null, host: HOST };
let networks = 0;

beforeAll(async () => {
  services = await startAuthServices();
});
afterAll(async () => services.close());
beforeEach(() => {
  networks += 1;
  origin = { ...origin, address: `198.51.${networks}.1` };
});

/** CBOR of what an authenticator sends: small numbers, byte strings, texts and maps. */
function cbor(value: number | string | Uint8Array | Map<number | string, unknown>): Buffer {
  const head = (major: number, length: number): Buffer =>
    length < 24
      ? Buffer.from([(major << 5) | length])
      : length < 256
        ? Buffer.from([(major << 5) | 24, length])
        : Buffer.from([(major << 5) | 25, length >> 8, length & 255]);
  if (typeof value === "number") {
    return value >= 0 ? head(0, value) : head(1, -1 - value);
  }
  if (typeof value === "string") {
    return Buffer.concat([head(3, Buffer.byteLength(value)), Buffer.from(value)]);
  }
  if (value instanceof Uint8Array) {
    return Buffer.concat([head(2, value.length), value]);
  }
  const entries = [...value].flatMap(([key, entry]) => [cbor(key), cbor(entry as string)]);
  return Buffer.concat([head(5, value.size), ...entries]);
}

const sha256 = (data: string | Uint8Array): Buffer => createHash("sha256").update(data).digest();
const b64 = (data: string | Uint8Array): string => Buffer.from(data).toString("base64url");

interface Ceremony {
  challenge: string;
  origin?: string;
  rpId?: string;
  /** Whether the person was verified. */
  verified?: boolean;
}

class Authenticator {
  readonly id = randomBytes(32);
  counter = 0;
  readonly #key: { publicKey: KeyObject; privateKey: KeyObject } = generateKeyPairSync("ec", { namedCurve: "P-256" });

  #data({ rpId = "localhost", verified = true }: Ceremony, attested: boolean): Buffer {
    this.counter += 1;
    const count = Buffer.alloc(4);
    count.writeUInt32BE(this.counter);
    const flags = 0x01 | (verified ? 0x04 : 0) | (attested ? 0x40 : 0);
    return Buffer.concat([sha256(rpId), Buffer.from([flags]), count]);
  }

  #client(type: string, { challenge, origin: from = ORIGIN }: Ceremony): Buffer {
    return Buffer.from(JSON.stringify({ type, challenge, origin: from, crossOrigin: false }));
  }

  register(ceremony: Ceremony) {
    const { x = "", y = "" } = this.#key.publicKey.export({ format: "jwk" });
    const cose = new Map<number, number | Uint8Array>([
      [1, 2],
      [3, -7],
      [-1, 1],
      [-2, Buffer.from(x, "base64url")],
      [-3, Buffer.from(y, "base64url")],
    ]);
    const length = Buffer.from([0, this.id.length]);
    const authData = Buffer.concat([this.#data(ceremony, true), Buffer.alloc(16), length, this.id, cbor(cose)]);
    const attestation = cbor(
      new Map<string, unknown>([
        ["fmt", "none"],
        ["attStmt", new Map()],
        ["authData", authData],
      ]),
    );
    return {
      id: b64(this.id),
      rawId: b64(this.id),
      type: "public-key",
      clientExtensionResults: {},
      response: {
        clientDataJSON: b64(this.#client("webauthn.create", ceremony)),
        attestationObject: b64(attestation),
        transports: ["internal"],
      },
    };
  }

  prove(ceremony: Ceremony) {
    const authenticatorData = this.#data(ceremony, false);
    const client = this.#client("webauthn.get", ceremony);
    const signature = createSign("sha256").update(authenticatorData).update(sha256(client)).sign(this.#key.privateKey);
    return {
      id: b64(this.id),
      rawId: b64(this.id),
      type: "public-key",
      clientExtensionResults: {},
      response: {
        clientDataJSON: b64(client),
        authenticatorData: b64(authenticatorData),
        signature: b64(signature),
      },
    };
  }
}

const callFor = async (member: TestMember) =>
  accountCall(services, await signInMember(services, member, origin), origin);
const challengeOf = (options: object): string => String((options as { challenge?: unknown }).challenge);
const signInChallenge = async (): Promise<string> =>
  (await authenticationOptions(services, HOST, "sign_in", [])).challenge;
const outcomeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => "done",
    (error: unknown) => (error instanceof SignInRefusal ? error.word : isAppError(error) ? error.code : String(error)),
  );
const signIn = (response: unknown, address = origin.address): Promise<string> =>
  outcomeOf(signInWithPasskey(services, JSON.stringify(response), { ...origin, address }));

/** A member whose only factor is a passkey. */
async function withPasskey(): Promise<{ member: TestMember; device: Authenticator; recoveryCodes: string[] }> {
  const member = await addMember(services, { totp: false });
  const device = new Authenticator();
  const call = await callFor(member);
  const challenge = challengeOf(await passkeyRegistrationOptions(call));
  const { recoveryCodes } = await addPasskey(call, { name: "Device", response: device.register({ challenge }) });
  return { member, device, recoveryCodes };
}

describe("AUTH-10 passkeys", () => {
  test("enrolling one replaces the session and gives recovery codes; it then signs in alone, as both factors", async () => {
    const member = await addMember(services, { totp: false });
    const device = new Authenticator();
    const call = await callFor(member);
    expect(call.session.secondFactor).toBe("missing");
    const challenge = challengeOf(await passkeyRegistrationOptions(call));
    const added = await addPasskey(call, { name: "Laptop", response: device.register({ challenge }) });
    expect(added.recoveryCodes).toHaveLength(10);
    expect(await findSession(services, added.sessionId ?? "", { active: false })).toMatchObject({ factorProven: true });

    const id = await signInWithPasskey(
      services,
      JSON.stringify(device.prove({ challenge: await signInChallenge() })),
      origin,
    );
    expect(await findSession(services, id, { active: false })).toMatchObject({
      memberId: member.id,
      secondFactor: "verified",
    });
    expect(await services.db.passkey.findFirst({ where: { memberId: member.id } })).toMatchObject({ counter: 2n });
    // The password alone says what is missing.
    expect(await outcomeOf(signInMember(services, member, origin))).toBe("SecondFactorRequired:passkey,recovery");
  });

  test("an answer is taken once, also of many at the same time", async () => {
    const { device } = await withPasskey();
    const answer = device.prove({ challenge: await signInChallenge() });
    const outcomes = await Promise.all(Array.from({ length: 10 }, (_, index) => signIn(answer, `203.0.${index}.5`)));
    expect(outcomes.filter((outcome) => outcome === "done")).toHaveLength(1);
    expect(await signIn(answer)).toBe("PasskeyInvalid");
  });

  test("a challenge that is made up, expired, altered or for something else is none", async () => {
    const { member, device } = await withPasskey();
    const good = await signInChallenge();
    const altered = `${good.startsWith("A") ? "B" : "A"}${good.slice(1)}`;
    const forStepUp = challengeOf(await authenticationOptions(services, HOST, `step_up:${member.id}`, []));
    for (const [index, challenge] of [b64(randomBytes(54)), altered, forStepUp, "", "x"].entries()) {
      expect([index, await signIn(device.prove({ challenge }), `203.1.${index}.5`)]).toEqual([index, "PasskeyInvalid"]);
    }
    services.clock.time += 5 * 60_000;
    expect(await signIn(device.prove({ challenge: good }))).toBe("PasskeyInvalid");
  });

  test("another origin, another name, and a person who was not verified are refused", async () => {
    const { device } = await withPasskey();
    const challenge = await signInChallenge();
    expect(await signIn(device.prove({ challenge, origin: "http://evil.example" }))).toBe("PasskeyInvalid");
    expect(await signIn(device.prove({ challenge, rpId: "evil.example" }))).toBe("PasskeyInvalid");
    expect(await signIn(device.prove({ challenge, verified: false }))).toBe("PasskeyInvalid");
    expect(await signIn(device.prove({ challenge }))).toBe("done");
  });

  test("a copied authenticator gives itself away by its counter", async () => {
    const { device } = await withPasskey();
    expect(await signIn(device.prove({ challenge: await signInChallenge() }))).toBe("done");
    device.counter -= 1;
    expect(await signIn(device.prove({ challenge: await signInChallenge() }))).toBe("PasskeyInvalid");
  });

  test("nobody enrols with another member's challenge, takes another's passkey, or proves with it", async () => {
    const [ada, bob] = [await withPasskey(), await withPasskey()];
    const [call, other] = [await callByPasskey(ada), await callByPasskey(bob)];
    const foreign = challengeOf(await passkeyRegistrationOptions(other));
    const fresh = new Authenticator();
    expect(await outcomeOf(addPasskey(call, { name: "X", response: fresh.register({ challenge: foreign }) }))).toBe(
      "INVALID_INPUT",
    );
    const own = challengeOf(await passkeyRegistrationOptions(call));
    expect(await outcomeOf(addPasskey(call, { name: "X", response: bob.device.register({ challenge: own }) }))).toBe(
      "CONFLICT",
    );
    const { passkey } = await stepUpOptions(call);
    const challenge = challengeOf(passkey ?? {});
    expect(await outcomeOf(stepUp(call, { passkey: bob.device.prove({ challenge }) }))).toBe("INVALID_INPUT");
    expect(await outcomeOf(stepUp(call, { passkey: ada.device.prove({ challenge }) }))).toBe("done");
    const [theirs] = await services.db.passkey.findMany({ where: { memberId: bob.member.id } });
    expect(await outcomeOf(removePasskey(call, { id: theirs?.id ?? "" }))).toBe("NOT_FOUND");
    const [mine] = await services.db.passkey.findMany({ where: { memberId: ada.member.id } });
    expect(await outcomeOf(removePasskey(call, { id: mine?.id ?? "" }))).toBe("CONFLICT");
  });

  test("a disabled member's passkey opens nothing, and under a bare IP address there are none", async () => {
    const { member, device } = await withPasskey();
    await services.db.member.update({ where: { id: member.id }, data: { disabledAt: new Date() } });
    expect(await signIn(device.prove({ challenge: await signInChallenge() }))).toBe("PasskeyInvalid");
    for (const host of ["127.0.0.1:18789", "[::1]:18789", null]) {
      await expect(authenticationOptions(services, host, "sign_in", [])).rejects.toMatchObject({
        code: "NOT_FOUND",
        message: expect.stringContaining("http://localhost:18789") as string,
      });
    }
  });

  test("junk is refused like any wrong answer, and whoever keeps sending it waits", async () => {
    const outcomes: string[] = [];
    for (const junk of ["", "{", "[]", '{"id":1}', '{"id":"x"}', '{"id":"x","response":{}}', "null", '{"id":"x"}']) {
      outcomes.push(await outcomeOf(signInWithPasskey(services, junk, origin)));
    }
    expect(outcomes).toEqual([...Array<string>(6).fill("PasskeyInvalid"), "LOCKED_OUT", "LOCKED_OUT"]);
  });
});

/** Signed in by the passkey itself. */
async function callByPasskey({ device }: { device: Authenticator }) {
  const answer = JSON.stringify(device.prove({ challenge: await signInChallenge() }));
  return accountCall(services, await signInWithPasskey(services, answer, origin), origin);
}
