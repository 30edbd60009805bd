/** What `security verify-audit` says about a verdict: in words, as JSON, and as an exit code. */
import type { AuditVerdict } from "#server/audit/index.ts";

export const VERIFY_EXIT = { tampered: 2, truncated: 3, unreadable: 4 } as const;

type Tampered = Extract<AuditVerdict, { sound: false }>;
type Sound = Exclude<AuditVerdict, { sound: false }>;

const MEANING: Record<Tampered["kind"], string> = {
  edited: "was changed after it was sealed",
  deleted: "was removed",
  inserted: "was put in without being sealed",
  reordered: "stands in another place than the one it was sealed at",
  truncated: "and all later ones were cut off",
  checkpoint: "has a checkpoint that is not of this record, was changed, or is missing",
  removal:
    "is said to have been removed when its time was over, and the note about it is not of this record or was changed",
};

export function exitOf(verdict: AuditVerdict): number {
  if (verdict.sound) {
    return 0;
  }
  return verdict.kind === "truncated" ? VERIFY_EXIT.truncated : VERIFY_EXIT.tampered;
}

export function verdictJson(verdict: AuditVerdict): object {
  if (!verdict.sound) {
    const { sound: _sound, ...place } = verdict;
    return { verdict: verdict.kind === "truncated" ? "truncated" : "tampered", ...place };
  }
  const { sound: _sound, head, ...facts } = verdict;
  return { verdict: "sound", rows: head.seq, head: head.hash.toString("hex"), ...facts };
}

export function verdictText(verdict: AuditVerdict): string[] {
  return verdict.sound ? soundText(verdict) : [tamperedText(verdict)];
}

function tamperedText({ seq, upTo, kind }: Tampered): string {
  const place = upTo === undefined || upTo === seq ? `row ${seq}` : `a row from ${seq} to ${upTo}`;
  return `Not sound: ${place} ${MEANING[kind]} (${kind}). Rows before it are as they were sealed.`;
}

function soundText(verdict: Sound): string[] {
  const { head, covered } = verdict;
  const end = `Head ${head.hash.toString("hex")}`;
  if ("held" in verdict) {
    return [
      `Sound: ${rows(verdict.held)} of the export, each as it was sealed, under the checkpoint of row ${covered}. ${end}`,
      `Not in the export: ${rows(verdict.omitted)}. They are counted; whether the filter asked for one of them cannot be told from here.`,
    ];
  }
  const { chained } = verdict;
  const behind = head.seq - covered;
  const bound = chained
    ? `Checkpoints cover rows up to ${covered}; ${rows(behind)} behind it ${behind === 1 ? "is" : "are"} protected by the chain's key only.`
    : `Checked without the first key, by signed checkpoints alone: rows up to ${covered} are those that were signed; ${rows(behind)} behind it ${behind === 1 ? "is" : "are"} not covered by this verdict.`;
  return "from" in verdict
    ? [
        `Sound: rows ${verdict.from} to ${head.seq} of the files, each as it was sealed. ${end}`,
        ...firstText(verdict),
        bound,
      ]
    : [
        `Sound: ${rows(head.seq - verdict.removed)}, each as it was sealed. ${end}`,
        ...(verdict.removed > 0
          ? [`Removed when their time was over, with a signed note in their place: rows 1 to ${verdict.removed}.`]
          : []),
        bound,
      ];
}

function firstText({ unbound, chained }: { unbound: number | null; chained: boolean }): string[] {
  return chained && unbound !== null
    ? [`Row ${unbound} is the first one here: the hash before it is missing, so its own content is not covered.`]
    : [];
}

function rows(count: number): string {
  return `${count} ${count === 1 ? "row" : "rows"}`;
}
