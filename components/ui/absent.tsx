/** Stands where a value would be. */
export function Absent({ text = "none" }: { text?: string }) {
  return (
    <span className="text-muted-foreground">
      <span aria-hidden>–</span>
      <span className="sr-only">{text}</span>
    </span>
  );
}
