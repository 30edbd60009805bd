"use client";

import { useQuery } from "@tanstack/react-query";
import Link from "next/link";
import { LockLink } from "#components/incidents/lock-link.tsx";
import { formatAge } from "#components/shared/format.ts";
import { LastUsed } from "#components/tokens/token-table.tsx";
import type { TokenAction } from "#components/tokens/token-dialogs.tsx";
import { isLive, TokenStateBadge } from "#components/tokens/token-state-badge.tsx";
import { useTRPC } from "#components/trpc/provider.tsx";
import { useCan } from "#components/trpc/use-viewer.ts";
import { Button } from "#components/ui/button.tsx";
import { DescriptionItem, DescriptionList } from "#components/ui/description-list.tsx";
import { ErrorState } from "#components/ui/error-state.tsx";
import { Section } from "#components/ui/section.tsx";
import { Sheet, SheetBody, SheetContent, SheetFooter, SheetHeader, SheetTitle } from "#components/ui/sheet.tsx";
import { Skeleton } from "#components/ui/skeleton.tsx";
import { Time } from "#components/ui/time.tsx";
import type { ConsoleTokenDetails } from "#server/tokens/console-schema.ts";

const REFRESH_MS = 5_000;

interface TokenSheetProps {
  tokenId: string;
  onOpen: (tokenId: string) => void;
  onClose: () => void;
  onAction: (action: TokenAction) => void;
}

/** All about one token, and what can be done to it. */
export function TokenSheet({ tokenId, onOpen, onClose, onAction }: TokenSheetProps) {
  const trpc = useTRPC();
  const { data, error, isFetching, refetch } = useQuery(
    trpc.tokens.byId.queryOptions({ id: tokenId }, { refetchInterval: REFRESH_MS }),
  );
  return (
    <Sheet open onOpenChange={(open) => !open && onClose()}>
      <SheetContent aria-describedby={undefined}>
        <SheetHeader>
          <SheetTitle>{data?.token.name ?? "Token"}</SheetTitle>
          <p className="font-mono text-xs break-all text-muted-foreground">{data?.token.hint ?? tokenId}</p>
        </SheetHeader>
        <SheetBody>
          {data !== undefined && <Details details={data} onOpen={onOpen} />}
          {data === undefined && error === null && <Skeleton className="h-64" />}
          {data === undefined && error !== null && (
            <ErrorState
              title="The token could not be read"
              error={error}
              busy={isFetching}
              onRetry={() => void refetch()}
            />
          )}
        </SheetBody>
        {data !== undefined && <Actions details={data} onAction={onAction} />}
      </SheetContent>
    </Sheet>
  );
}

function Details({ details, onOpen }: { details: ConsoleTokenDetails; onOpen: (tokenId: string) => void }) {
  const { token, lifetimeMs, revokedReason } = details;
  return (
    <>
      <DescriptionList>
        <DescriptionItem name="State">
          <TokenStateBadge state={token.state} />
        </DescriptionItem>
        <DescriptionItem name="Owner">{token.owner}</DescriptionItem>
        <DescriptionItem name="Role">{token.role}</DescriptionItem>
        <DescriptionItem name="Permissions">{listText(token.scopes, "all of its role")}</DescriptionItem>
        <DescriptionItem name="Channels">{listText(token.channels, "all of its role")}</DescriptionItem>
        <DescriptionItem name="Models">
          {token.models === null ? "all that its role may call" : listText(token.models, "none: it may call no model")}
        </DescriptionItem>
        <DescriptionItem name="Addresses">{listText(token.allowedIps, "any")}</DescriptionItem>
        <DescriptionItem name="Bound user">{token.user ?? "none: each message names its user"}</DescriptionItem>
        <DescriptionItem name="Created">
          <Time value={token.createdAt} exact />
        </DescriptionItem>
        <DescriptionItem name="Last used">
          <LastUsed token={token} />
        </DescriptionItem>
        <DescriptionItem name="Expires">
          {token.expiresAt === null ? "never" : <Time value={token.expiresAt} exact />}
        </DescriptionItem>
        {lifetimeMs !== null && <DescriptionItem name="Made to live">{formatAge(lifetimeMs)}</DescriptionItem>}
        {token.revokedAt !== null && (
          <DescriptionItem name="Revoked">
            <Time value={token.revokedAt} exact /> {revokedReason}
          </DescriptionItem>
        )}
      </DescriptionList>
      <div className="flex">
        <LockLink kind="token" target={token.id} />
      </div>
      <Lineage details={details} onOpen={onOpen} />
      <Elsewhere details={details} />
    </>
  );
}

/** The line of rotation and refresh, newest first. */
function Lineage({ details, onOpen }: { details: ConsoleTokenDetails; onOpen: (tokenId: string) => void }) {
  const { token, family, familySize } = details;
  if (familySize === 1) {
    return null;
  }
  return (
    <Section
      title="Line of this token"
      description={
        family.length < familySize
          ? `The newest ${family.length} of ${familySize}, by rotation and refresh.`
          : "What came of it, and what it came from, by rotation and refresh. Newest first."
      }
    >
      <ol className="flex flex-col gap-2">
        {family.map((member) => (
          <li key={member.id} className="flex flex-wrap items-center gap-x-3 gap-y-1">
            {member.id === token.id ? (
              <span aria-current="true" className="font-mono text-xs font-semibold">
                {member.id}
              </span>
            ) : (
              <button
                type="button"
                onClick={() => onOpen(member.id)}
                className="inline-flex min-h-6 cursor-pointer items-center rounded-sm font-mono text-xs underline underline-offset-4"
              >
                {member.id}
              </button>
            )}
            <TokenStateBadge state={member.state} />
            <span className="text-muted-foreground">
              made <Time value={member.createdAt} />
            </span>
          </li>
        ))}
      </ol>
    </Section>
  );
}

function Elsewhere({ details: { token } }: { details: ConsoleTokenDetails }) {
  const can = useCan();
  const links = [
    {
      href: `/audit?q=${encodeURIComponent(`token:${token.id}`)}`,
      label: "Audit of this token",
      permission: "audit:read",
    },
    { href: `/limits?tab=explain&token=${token.id}&command=ask`, label: "Its rate limits", permission: "limits:read" },
  ].filter(({ permission }) => can(permission));
  return links.length === 0 ? null : (
    <ul className="flex flex-wrap gap-x-4 gap-y-1">
      {links.map(({ href, label }) => (
        <li key={href}>
          <Link href={href} className="inline-flex min-h-6 items-center underline underline-offset-4">
            {label}
          </Link>
        </li>
      ))}
    </ul>
  );
}

function Actions({
  details: { token, familySize },
  onAction,
}: { details: ConsoleTokenDetails } & Pick<TokenSheetProps, "onAction">) {
  const can = useCan();
  const mayRotate = can("tokens:rotate") && isLive(token);
  const replaced = token.successorId !== null;
  const mayRevoke = can("tokens:revoke") && token.revokedAt === null;
  if (!mayRotate && !mayRevoke) {
    return null;
  }
  return (
    <SheetFooter>
      {mayRevoke && familySize > 1 && (
        <Button variant="outline" onClick={() => onAction({ kind: "revokeFamily", token, size: familySize })}>
          Revoke family
        </Button>
      )}
      {mayRevoke && (
        <Button variant="outline" onClick={() => onAction({ kind: "revoke", token })}>
          Revoke token
        </Button>
      )}
      {mayRotate && (
        <Button
          disabled={replaced}
          title={replaced ? `Replaced by ${token.successorId ?? ""}: rotate that one.` : undefined}
          onClick={() => onAction({ kind: "rotate", token })}
        >
          Rotate token
        </Button>
      )}
    </SheetFooter>
  );
}

const listText = (names: readonly string[], none: string): string => (names.length === 0 ? none : names.join(", "));
