/** `a, b,c` as an option's value: a list without blanks and empty entries. */
export const commaList = (text: string): string[] =>
  text
    .split(",")
    .map((entry) => entry.trim())
    .filter((entry) => entry !== "");
