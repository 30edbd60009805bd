"use client";

import { useState, type SubmitEvent } from "react";
import type { TokenFilters } from "#components/tokens/use-token-filters.ts";
import { Button } from "#components/ui/button.tsx";
import { Input } from "#components/ui/input.tsx";
import { Select } from "#components/ui/select.tsx";
import type { TokenFilter } from "#server/tokens/policy.ts";

const STATES: readonly { value: TokenFilter; label: string }[] = [
  { value: "live", label: "Working" },
  { value: "active", label: "Active" },
  { value: "ending", label: "Ending within 24 h" },
  { value: "superseded", label: "Replaced, in grace" },
  { value: "expired", label: "Expired" },
  { value: "revoked", label: "Revoked" },
  { value: "all", label: "All" },
];

export function TokenFilterBar({ filters, anyOwner }: { filters: TokenFilters; anyOwner: boolean }) {
  const { q, state, owner } = filters.values;
  return (
    <div role="search" aria-label="Tokens" className="flex flex-wrap items-center gap-2">
      <TextFilter
        key={`q:${q}`}
        label="Search tokens"
        placeholder="Name, id or owner"
        value={q}
        onApply={filters.search}
        isMain
      />
      {anyOwner && (
        <TextFilter
          key={`owner:${owner}`}
          label="Owner"
          placeholder="Owner, exactly"
          value={owner}
          onApply={filters.setOwner}
        />
      )}
      <Select
        aria-label="State"
        className="w-48"
        value={state}
        onChange={(event) => {
          const chosen = STATES.find(({ value }) => value === event.target.value);
          if (chosen !== undefined) {
            filters.setState(chosen.value);
          }
        }}
      >
        {STATES.map(({ value, label }) => (
          <option key={value} value={value}>
            {label}
          </option>
        ))}
      </Select>
      {filters.isFiltered && (
        <Button variant="ghost" size="sm" onClick={filters.clear}>
          Clear filters
        </Button>
      )}
    </div>
  );
}

interface TextFilterProps {
  label: string;
  placeholder: string;
  value: string;
  onApply: (text: string) => void;
  isMain?: boolean;
}

/** Applied on Enter and when it is left. */
function TextFilter({ label, placeholder, value, onApply, isMain = false }: TextFilterProps) {
  const [draft, setDraft] = useState(value);
  const apply = () => {
    if (draft !== value) {
      onApply(draft);
    }
  };
  return (
    <form
      className="w-56 max-sm:w-full"
      onSubmit={(event: SubmitEvent<HTMLFormElement>) => {
        event.preventDefault();
        apply();
      }}
    >
      <Input
        type="search"
        aria-label={label}
        placeholder={placeholder}
        autoComplete="off"
        spellCheck={false}
        maxLength={200}
        data-main-filter={isMain || undefined}
        value={draft}
        onChange={(event) => setDraft(event.target.value)}
        onBlur={apply}
      />
    </form>
  );
}
