/**
 * What a new password must satisfy: long enough, and nothing that guessers try first. No rules of composition: they make passwords
 * predictable. Pure.
 */
import { PASSWORD_MAX, PASSWORD_MIN, type PasswordProblem } from "#server/auth/policy.ts";

/** What most passwords are put together from. Lower case, after signs that stand for letters were turned back. */
const COMMON_PARTS =
  "password passwort passwd contrasena motdepasse parola senha letmein welcome changeme administrator admin root user guest login signin secret default master system server computer internet network security access superman batman spiderman starwars pokemon minecraft football baseball basketball hockey soccer liverpool chelsea arsenal barcelona juventus realmadrid michael jennifer jessica daniel thomas jordan michelle charlie andrew matthew robert ashley nicole hunter george harley ranger dragon monkey shadow princess sunshine iloveyou trustno butterfly chocolate flower summer winter spring autumn monday tuesday wednesday thursday friday saturday sunday january february march april june july august september october november december london paris berlin america canada england google facebook youtube amazon microsoft windows apple samsung linux docker kubernetes openclaw gateway claw agent qwerty qwertz azerty qwertyuiop asdfgh asdfghjkl zxcvbn zxcvbnm qazwsx qazwsxedc wsx edc q2w3e4r asdf zxcv qwer wasd abc abcd abcdef xyz test testing temp demo hello whatever nothing killer freedom love hate lovely forever family mother father baby angel money correct horse battery staple please mustang corvette ferrari porsche mercedes cookie cheese banana orange purple yellow silver golden diamond ninja samurai matrix phoenix pass word key code pin my the new old is and for you me we god jesus christ".split(
    " ",
  );
/** A password of which less than this remains after the common parts are taken out is one of those that are tried first. */
const REMAINDER_MIN = 5;
const SUBSTITUTES: Readonly<Record<string, string>> = {
  "0": "o",
  "1": "i",
  "3": "e",
  "4": "a",
  "5": "s",
  "7": "t",
  "@": "a",
  $: "s",
  "!": "i",
};
const RUNS = [
  "abcdefghijklmnopqrstuvwxyz",
  "0123456789",
  "qwertyuiop",
  "asdfghjkl",
  "zxcvbnm",
  "qwertzuiop",
  "yxcvbnm",
  "1qaz2wsx3edc4rfv5tgb6yhn",
];
const SHORTEST_RUN = 4;
const DISTINCT_MIN = 5;

const PARTS = new RegExp([...COMMON_PARTS].sort((a, b) => b.length - a.length).join("|"), "g");

/** Null when the password may be chosen. `about`: what is known of its owner, which must not be most of it. */
export function passwordProblem(password: string, about: readonly string[]): PasswordProblem | null {
  if ([...password].length < PASSWORD_MIN) {
    return "password_short";
  }
  if (password.length > PASSWORD_MAX) {
    return "password_long";
  }
  const written = password.normalize("NFKC").toLowerCase();
  if (new Set(written).size < DISTINCT_MIN) {
    return "password_common";
  }
  const personal = about.flatMap(partsOf);
  if (
    personal.some((part) => written.includes(part)) &&
    isMostly(written, (text) => personal.reduce((rest, part) => rest.replaceAll(part, " "), text))
  ) {
    return "password_personal";
  }
  const plain = (text: string): string => withoutRuns(text).replaceAll(PARTS, " ");
  const spelled = written.replaceAll(/[013457@$!]/g, (sign) => SUBSTITUTES[sign] ?? sign);
  return isMostly(written, plain) || isMostly(spelled, plain) || isMostly(halved(written), plain)
    ? "password_common"
    : null;
}

/** True when nearly nothing is left after `strip`: digits, signs and blanks that are added do not count, and neither do repetitions. */
function isMostly(text: string, strip: (text: string) => string): boolean {
  const rest = strip(text).replaceAll(/[\s\p{P}\p{S}\d]/gu, "");
  return new Set(rest).size < REMAINDER_MIN && !isManyDigits(text);
}

/** Twelve random digits are worth as much as some words; sequences and repeated digits are not. */
const isManyDigits = (text: string): boolean => {
  const digits = withoutRuns(text).replaceAll(/\D/g, "");
  return digits.length >= 12 && new Set(digits).size >= DISTINCT_MIN;
};

/** A text that is one part over and over becomes that part. */
function halved(text: string): string {
  for (let length = 1; length <= text.length / 2; length += 1) {
    const part = text.slice(0, length);
    if (text === part.repeat(Math.ceil(text.length / length)).slice(0, text.length)) {
      return part;
    }
  }
  return text;
}

/** Takes out stretches of the alphabet, of digits in order and of keys side by side, in either direction. */
function withoutRuns(text: string): string {
  let rest = text;
  for (const run of RUNS.flatMap((line) => [line, [...line].reverse().join("")])) {
    for (let length = run.length; length >= SHORTEST_RUN; length -= 1) {
      for (let start = 0; start + length <= run.length; start += 1) {
        rest = rest.replaceAll(run.slice(start, start + length), " ");
      }
    }
  }
  return rest;
}

/** `Ada Lovelace`, `ada@example.com` → the words in them that are long enough to mean somebody. */
const partsOf = (text: string): string[] => {
  const whole = text.normalize("NFKC").toLowerCase();
  return [whole, ...whole.split(/[^\p{L}\p{N}]+/u)].filter((part) => part.length >= 3);
};
