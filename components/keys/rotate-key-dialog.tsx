"use client";

import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { formatUtc } from "#components/shared/format.ts";
import { toast } from "#components/shared/toast.ts";
import { useMutationForm } from "#components/shared/use-mutation-form.ts";
import { useTRPC } from "#components/trpc/provider.tsx";
import { Button } from "#components/ui/button.tsx";
import { CheckboxField } from "#components/ui/checkbox.tsx";
import {
  Dialog,
  DialogContent,
  DialogDescription,
  DialogFooter,
  DialogHeader,
  DialogTitle,
} from "#components/ui/dialog.tsx";
import { Field } from "#components/ui/field.tsx";
import { FormError } from "#components/ui/form-error.tsx";
import { Input } from "#components/ui/input.tsx";
import { SecretOnceDialog } from "#components/ui/secret-once-dialog.tsx";
import { Select } from "#components/ui/select.tsx";
import { DEFAULT_GRACE_MS, GRACES } from "#server/key-rotation/policy.ts";
import type { KeyView, RotatedKey } from "#server/key-rotation/schema.ts";

const ID_BYTES = 12;
/** One for each opening of the dialog: a click that is repeated after a broken connection is the same rotation. */
const newRotationId = (): string =>
  `con_${[...crypto.getRandomValues(new Uint8Array(ID_BYTES))].map((byte) => byte.toString(16).padStart(2, "0")).join("")}`;

export function RotateKeyDialog({ view, onClose }: { view: KeyView; onClose: () => void }) {
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const [rotationId] = useState(newRotationId);
  const [value, setValue] = useState("");
  const [generate, setGenerate] = useState(view.canGenerate);
  const [graceMs, setGraceMs] = useState<number>(DEFAULT_GRACE_MS);
  const [test, setTest] = useState(true);
  const [done, setDone] = useState<RotatedKey | null>(null);
  const form = useMutationForm(
    trpc.keys.rotate.mutationOptions({
      gcTime: 0,
      onSuccess: (rotated) => {
        setValue("");
        void queryClient.invalidateQueries(trpc.keys.pathFilter());
        if (rotated.generated === null) {
          toast(`${view.label} rotated`);
          onClose();
        } else {
          setDone(rotated);
        }
      },
    }),
    ["value"],
  );
  if (done !== null) {
    return (
      <SecretOnceDialog
        secret={done.generated}
        title="Secret rotated"
        noun="secret"
        description={
          <>
            {view.howTo}
            {done.graceUntil !== null && <> The old one is kept until {formatUtc(done.graceUntil)}.</>}
          </>
        }
        onDone={() => {
          form.reset();
          setDone(null);
          onClose();
        }}
      />
    );
  }
  return (
    <Dialog open onOpenChange={(open) => !open && !form.busy && onClose()}>
      <DialogContent>
        <form
          {...form.formProps}
          className="flex flex-col gap-4"
          onSubmit={(event) => {
            event.preventDefault();
            form.send({ keyId: view.id, rotationId, ...(generate ? {} : { value }), graceMs, test });
          }}
        >
          <DialogHeader>
            <DialogTitle>Rotate {view.label}</DialogTitle>
            <DialogDescription>{view.howTo}</DialogDescription>
          </DialogHeader>
          <FormError text={form.formError} />
          {view.canGenerate && (
            <CheckboxField
              label="Make up a new secret for me"
              checked={generate}
              onChange={(event) => setGenerate(event.target.checked)}
            />
          )}
          {!generate && (
            <Field label="New value" error={form.errors["value"]} hint="It is not shown, and never sent back.">
              <Input
                type="password"
                name="value"
                autoComplete="new-password"
                value={value}
                onChange={(event) => setValue(event.target.value)}
              />
            </Field>
          )}
          <Field
            label="Keep the old value"
            hint="It can be brought back until then, and is accepted where others sign with it."
          >
            <Select value={String(graceMs)} onChange={(event) => setGraceMs(Number(event.target.value))}>
              {GRACES.map(({ ms, label }) => (
                <option key={ms} value={ms}>
                  {label}
                </option>
              ))}
            </Select>
          </Field>
          {view.canTest && (
            <CheckboxField
              label="Try the new value first; change nothing if it is not taken"
              checked={test}
              onChange={(event) => setTest(event.target.checked)}
            />
          )}
          <DialogFooter>
            <Button variant="outline" disabled={form.busy} onClick={onClose}>
              Cancel
            </Button>
            <Button type="submit" disabled={form.busy || (!generate && value === "")}>
              {form.busy ? "Rotating…" : "Rotate key"}
            </Button>
          </DialogFooter>
        </form>
      </DialogContent>
    </Dialog>
  );
}
