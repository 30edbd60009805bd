"use client";

import { FilterIcon } from "lucide-react";
import type { SubmitEvent } from "react";
import { deliveryStateLabel } from "#components/deliveries/delivery-state.tsx";
import type { useDeliveryFilters } from "#components/deliveries/use-delivery-filters.ts";
import { formText } from "#components/shared/form-text.ts";
import { Button } from "#components/ui/button.tsx";
import { Field } from "#components/ui/field.tsx";
import { Input } from "#components/ui/input.tsx";
import { Select } from "#components/ui/select.tsx";
import { STATES } from "#components/deliveries/states.ts";

/** The state acts at once, texts when the form is sent. Names are compared whole. */
export function DeliveryFilters({ filters }: { filters: ReturnType<typeof useDeliveryFilters> }) {
  const { values, setState, setTexts, isFiltered, clear } = filters;

  function submit(event: SubmitEvent<HTMLFormElement>) {
    event.preventDefault();
    const data = new FormData(event.currentTarget);
    setTexts({ channel: formText(data, "channel"), sender: formText(data, "sender") });
  }

  return (
    <form
      // Remounted when the address changes by other means, so that the fields show what is asked.
      key={`${values.channel ?? ""}\n${values.sender ?? ""}`}
      onSubmit={submit}
      role="search"
      aria-label="Filter deliveries"
      className="grid grid-cols-1 items-end gap-3 sm:grid-cols-2 lg:grid-cols-4"
    >
      <Field label="State">
        <Select value={values.state ?? ""} onChange={(event) => setState(event.target.value)}>
          <option value="">Any state</option>
          {STATES.map((state) => (
            <option key={state} value={state}>
              {deliveryStateLabel(state)}
            </option>
          ))}
        </Select>
      </Field>
      <Field label="Channel">
        <Input
          name="channel"
          defaultValue={values.channel ?? ""}
          maxLength={64}
          autoComplete="off"
          spellCheck={false}
        />
      </Field>
      <Field label="Sender">
        <Input name="sender" defaultValue={values.sender ?? ""} maxLength={200} autoComplete="off" spellCheck={false} />
      </Field>
      <div className="flex flex-wrap gap-2">
        <Button type="submit" variant="outline">
          <FilterIcon aria-hidden />
          Apply filters
        </Button>
        {isFiltered && (
          <Button variant="ghost" onClick={clear}>
            Clear filters
          </Button>
        )}
      </div>
    </form>
  );
}
