import { Field } from "#components/ui/field.tsx";
import { Select } from "#components/ui/select.tsx";

interface ChoiceFilterProps {
  /** "Severity" */
  label: string;
  /** Names the search: "Filter alerts". */
  searchLabel: string;
  values: readonly string[];
  choice: string | null;
  /** With "" for any. */
  onChoose: (text: string) => void;
}

/** One choice that acts at once. */
export function ChoiceFilter({ label, searchLabel, values, choice, onChoose }: ChoiceFilterProps) {
  return (
    <div role="search" aria-label={searchLabel} className="max-w-52">
      <Field label={label}>
        <Select value={choice ?? ""} onChange={(event) => onChoose(event.target.value)}>
          <option value="">Any {label.toLowerCase()}</option>
          {values.map((known) => (
            <option key={known}>{known}</option>
          ))}
        </Select>
      </Field>
    </div>
  );
}
