import { Field } from "#components/ui/field.tsx";
import { Input } from "#components/ui/input.tsx";

interface MinutesFieldProps {
  label: string;
  hint?: string;
  /** Milliseconds. */
  value: number;
  /** Minutes. */
  min?: number;
  onChange: (ms: number) => void;
}

const MINUTE_MS = 60_000;

/** A length of time, entered in minutes. */
export function MinutesField({ label, hint, value, min = 0, onChange }: MinutesFieldProps) {
  return (
    <Field label={`${label} (minutes)`} hint={hint}>
      <Input
        type="number"
        inputMode="numeric"
        min={min}
        step={1}
        value={value / MINUTE_MS}
        onChange={(event) => onChange(Math.max(min, Math.round(Number(event.target.value))) * MINUTE_MS)}
      />
    </Field>
  );
}
