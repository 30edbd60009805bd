"use client";

import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState, type SubmitEvent } from "react";
import { SubmitButton } from "#components/auth/submit-button.tsx";
import { SenderName } from "#components/pairing/sender-name.tsx";
import { plainText } from "#components/shared/plain-text.ts";
import { toast } from "#components/shared/toast.ts";
import { useMutationForm } from "#components/shared/use-mutation-form.ts";
import { useTRPC } from "#components/trpc/provider.tsx";
import { Button } from "#components/ui/button.tsx";
import { ConfirmDialog } from "#components/ui/confirm-dialog.tsx";
import { DescriptionItem, DescriptionList } from "#components/ui/description-list.tsx";
import { Field } from "#components/ui/field.tsx";
import { FormError } from "#components/ui/form-error.tsx";
import { Input } from "#components/ui/input.tsx";
import { Select } from "#components/ui/select.tsx";
import {
  Sheet,
  SheetBody,
  SheetContent,
  SheetDescription,
  SheetFooter,
  SheetHeader,
  SheetTitle,
} from "#components/ui/sheet.tsx";
import { Time } from "#components/ui/time.tsx";
import type { PairingRequest } from "#server/channels/pairing/schema.ts";

interface PairingSheetProps {
  request: PairingRequest;
  /** Those the viewer may give. */
  roles: readonly string[];
  /** False where the configuration file owns the users. */
  mayMakeUsers: boolean;
  mayWrite: boolean;
  onClose: () => void;
}

/** Binds a sender to a user, or sends it away. */
export function PairingSheet({ request, roles, mayMakeUsers, mayWrite, onClose }: PairingSheetProps) {
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const [code, setCode] = useState("");
  const [userId, setUserId] = useState("");
  const [role, setRole] = useState("");
  const [isRefusing, setRefusing] = useState(false);
  const changed = () =>
    Promise.all([
      queryClient.invalidateQueries(trpc.pairing.pathFilter()),
      queryClient.invalidateQueries(trpc.users.pathFilter()),
    ]);
  const form = useMutationForm(
    trpc.pairing.approve.mutationOptions({
      onSuccess: async (paired) => {
        onClose();
        toast(`${plainText(paired.senderId)} on ${paired.channel} is ${paired.userId} now`);
        await changed();
      },
    }),
    ["code", "userId", "role"],
  );
  const refuse = useMutation(
    trpc.pairing.refuse.mutationOptions({
      onSuccess: async () => {
        onClose();
        toast("The code is refused");
        await changed();
      },
    }),
  );
  const { channel } = request;

  function submit(event: SubmitEvent<HTMLFormElement>) {
    event.preventDefault();
    if (!form.busy) {
      form.send({ channel, code: code.trim(), userId: userId.trim(), ...(role === "" ? {} : { role }) });
    }
  }

  return (
    <Sheet open onOpenChange={(open) => (open ? undefined : onClose())}>
      <SheetContent>
        <SheetHeader>
          <SheetTitle>Pair a sender</SheetTitle>
          <SheetDescription>
            The sender becomes that user on this channel, with the user&apos;s role and nothing more.
          </SheetDescription>
        </SheetHeader>
        <form {...form.formProps} onSubmit={submit} className="flex min-h-0 grow flex-col">
          <SheetBody>
            <FormError text={form.formError} />
            <DescriptionList>
              <DescriptionItem name="Sender">
                <SenderName {...request} />
              </DescriptionItem>
              <DescriptionItem name="Channel">{channel}</DescriptionItem>
              <DescriptionItem name="Asked">
                <Time value={request.createdAt} />
              </DescriptionItem>
              <DescriptionItem name="Expires">
                <Time value={request.expiresAt} />
              </DescriptionItem>
            </DescriptionList>
            {mayWrite && (
              <>
                <Field
                  label="Code"
                  hint="The eight characters that the bot sent. Hear them from the person, not from the chat."
                  error={form.errors.code}
                >
                  <Input
                    name="code"
                    required
                    value={code}
                    maxLength={64}
                    autoComplete="off"
                    autoCapitalize="characters"
                    spellCheck={false}
                    className="font-mono"
                    onChange={(event) => setCode(event.target.value)}
                  />
                </Field>
                <Field
                  label="User"
                  hint={
                    mayMakeUsers
                      ? "The id of an existing user, or of a new one. One user may have senders on many platforms."
                      : "The id of a user of the configuration file."
                  }
                  error={form.errors.userId}
                >
                  <Input
                    name="userId"
                    required
                    value={userId}
                    maxLength={200}
                    autoComplete="off"
                    autoCapitalize="none"
                    spellCheck={false}
                    onChange={(event) => setUserId(event.target.value)}
                  />
                </Field>
                {mayMakeUsers && (
                  <Field
                    label="Role of a new user"
                    hint="An existing user keeps its own. You can give only what your own role holds."
                    error={form.errors.role}
                  >
                    <Select name="role" value={role} onChange={(event) => setRole(event.target.value)}>
                      <option value="">The user exists</option>
                      {roles.map((name) => (
                        <option key={name}>{name}</option>
                      ))}
                    </Select>
                  </Field>
                )}
              </>
            )}
          </SheetBody>
          {mayWrite && (
            <SheetFooter>
              <Button variant="destructive-outline" className="mr-auto" onClick={() => setRefusing(true)}>
                Refuse
              </Button>
              <SubmitButton
                busy={form.busy}
                label="Approve sender"
                busyLabel="Approving the sender"
                disabled={code.trim() === "" || userId.trim() === ""}
              />
            </SheetFooter>
          )}
        </form>
        <ConfirmDialog
          open={isRefusing}
          onOpenChange={(open) => {
            setRefusing(open);
            refuse.reset();
          }}
          title="Refuse this code?"
          consequence="The code is void. The sender is told nothing, and may ask for another one later; to keep it out, block its id on the channel."
          confirmLabel="Refuse code"
          busy={refuse.isPending}
          error={refuse.error}
          onConfirm={() => refuse.mutate({ channel, request: request.id })}
        />
      </SheetContent>
    </Sheet>
  );
}
