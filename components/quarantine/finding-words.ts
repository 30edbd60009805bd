/** What an inspection found, in words. */
import type { FileFinding } from "#server/files/schema.ts";

const WORDS: Record<FileFinding["code"], string> = {
  executable: "Program",
  executable_disguised: "Program under another name",
  script_disguised: "Script under another name",
  archive_bomb: "Archive that grows without end",
  archive_escape: "Archive that writes outside its folder",
  archive_nested: "Archives within archives",
  archive_encrypted: "Encrypted archive",
  archive_damaged: "Damaged archive",
  polyglot: "Two kinds of file in one",
  secret: "Holds a secret",
  name_deceptive: "Deceptive name",
};

export const findingWords = (code: FileFinding["code"]): string => WORDS[code];
