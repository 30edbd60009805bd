"use client";

/** Everything that is done to tokens: one dialog at a time, and after it the secret, once. */
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { CreateTokenSheet } from "#components/tokens/create-token-sheet.tsx";
import type { NewSecret } from "#components/tokens/new-secret.ts";
import { RevokeFamilyDialog, RevokeManyDialog, RevokeTokenDialog } from "#components/tokens/revoke-dialogs.tsx";
import { RotateTokenDialog } from "#components/tokens/rotate-token-dialog.tsx";
import { useTRPC } from "#components/trpc/provider.tsx";
import { CodeBlock } from "#components/ui/code-block.tsx";
import { SecretOnceDialog } from "#components/ui/secret-once-dialog.tsx";
import type { ConsoleToken, TokenSettings } from "#server/tokens/console-schema.ts";

export type TokenAction =
  | { kind: "create" }
  | { kind: "rotate"; token: ConsoleToken }
  | { kind: "revoke"; token: ConsoleToken }
  | { kind: "revokeFamily"; token: ConsoleToken; size: number }
  | { kind: "revokeMany"; live: readonly ConsoleToken[]; ended: readonly ConsoleToken[] };

interface TokenDialogsProps {
  action: TokenAction;
  settings: TokenSettings;
  onClose: () => void;
}

export function TokenDialogs({ action, settings, onClose }: TokenDialogsProps) {
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const [secret, setSecret] = useState<NewSecret | null>(null);
  const refresh = () => void queryClient.invalidateQueries(trpc.tokens.pathFilter());
  const done = () => {
    refresh();
    onClose();
  };
  const show = (next: NewSecret) => {
    refresh();
    setSecret(next);
  };

  if (secret !== null) {
    return (
      <SecretOnceDialog
        secret={secret.token}
        title={secret.title}
        noun="token"
        description={secret.description}
        onDone={() => {
          setSecret(null);
          onClose();
        }}
      >
        <div className="flex min-w-0 flex-col gap-1.5">
          <p className="font-medium">Try it</p>
          <CodeBlock code={tryCommand(settings.gatewayUrl, secret.token)} label="Command" wrap />
          <p className="text-muted-foreground">
            The leading blank keeps the line with the secret out of most shells’ history.
          </p>
        </div>
      </SecretOnceDialog>
    );
  }
  switch (action.kind) {
    case "create":
      return <CreateTokenSheet settings={settings} onCreated={show} onClose={onClose} />;
    case "rotate":
      return <RotateTokenDialog token={action.token} onRotated={show} onClose={onClose} />;
    case "revoke":
      return <RevokeTokenDialog token={action.token} onDone={done} onClose={onClose} />;
    case "revokeFamily":
      return <RevokeFamilyDialog token={action.token} size={action.size} onDone={done} onClose={onClose} />;
    case "revokeMany":
      return <RevokeManyDialog live={action.live} ended={action.ended} onDone={done} onClose={onClose} />;
  }
}

function tryCommand(gatewayUrl: string, token: string): string {
  return [
    ` export OPENCLAW_TOKEN='${token}'`,
    `curl -sS ${gatewayUrl}/api/v1/whoami -H "Authorization: Bearer $OPENCLAW_TOKEN"`,
  ].join("\n");
}
