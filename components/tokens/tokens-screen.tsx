"use client";

import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { KeyRoundIcon, PlusIcon } from "lucide-react";
import dynamic from "next/dynamic";
import { useState } from "react";
import { useOpenRow, useUrlFlag } from "#components/shared/url-state.ts";
import { ConfigTokenLine } from "#components/tokens/config-token-line.tsx";
import { listInputOf } from "#components/tokens/list-input.ts";
import type { TokenAction } from "#components/tokens/token-dialogs.tsx";
import { TokenFilterBar } from "#components/tokens/token-filter-bar.tsx";
import { splitChosen, TokenTable } from "#components/tokens/token-table.tsx";
import { useTokenFilters, type TokenFilters } from "#components/tokens/use-token-filters.ts";
import { useTRPC } from "#components/trpc/provider.tsx";
import { useCan } from "#components/trpc/use-viewer.ts";
import { Button } from "#components/ui/button.tsx";
import { EmptyState, FilteredEmptyState } from "#components/ui/empty-state.tsx";
import { ErrorState } from "#components/ui/error-state.tsx";
import { PageHeader } from "#components/ui/page-header.tsx";
import { Pager } from "#components/ui/pager.tsx";
import { TableSkeleton } from "#components/ui/table-skeleton.tsx";
import type { ConsoleToken } from "#server/tokens/console-schema.ts";

const TokenDialogs = dynamic(() =>
  import("#components/tokens/token-dialogs.tsx").then((module) => module.TokenDialogs),
);
const TokenSheet = dynamic(() => import("#components/tokens/token-sheet.tsx").then((module) => module.TokenSheet));

const REFRESH_MS = 5_000;

export function TokensScreen() {
  const trpc = useTRPC();
  const can = useCan();
  const filters = useTokenFilters();
  const settings = useQuery(trpc.tokens.settings.queryOptions()).data;
  const [openId, setOpenId] = useOpenRow();
  const [isCreating, setCreating] = useUrlFlag("new");
  const [action, setAction] = useState<TokenAction | null>(null);
  const active: TokenAction | null = isCreating && can("tokens:create") ? { kind: "create" } : action;

  function close(): void {
    setAction(null);
    if (isCreating) {
      setCreating(false);
    }
  }

  return (
    <div className="flex flex-col gap-6">
      <PageHeader
        title="Tokens"
        description="Secrets that programs show to the gateway. Each carries a role, ends by itself and can be ended at once."
        actions={
          can("tokens:create") && (
            <Button onClick={() => setCreating(true)}>
              <PlusIcon aria-hidden />
              Create token
            </Button>
          )
        }
      />
      <TokenFilterBar filters={filters} anyOwner={settings?.anyOwner === true} />
      <TokenList filters={filters} openId={openId} onOpen={({ id }) => void setOpenId(id)} onAction={setAction} />
      {settings?.configToken !== null && settings?.configToken !== undefined && (
        <ConfigTokenLine role={settings.configToken.role} />
      )}
      {openId !== null && (
        <TokenSheet
          tokenId={openId}
          onOpen={(id) => void setOpenId(id)}
          onClose={() => void setOpenId(null)}
          onAction={setAction}
        />
      )}
      {settings !== undefined && active !== null && (
        <TokenDialogs action={active} settings={settings} onClose={close} />
      )}
    </div>
  );
}

interface TokenListProps {
  filters: TokenFilters;
  openId: string | null;
  onOpen: (token: ConsoleToken) => void;
  onAction: (action: TokenAction) => void;
}

function TokenList({ filters, openId, onOpen, onAction }: TokenListProps) {
  const trpc = useTRPC();
  const can = useCan();
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const { data, error, isFetching, refetch } = useQuery(
    trpc.tokens.list.queryOptions(listInputOf(filters.values), {
      refetchInterval: REFRESH_MS,
      placeholderData: keepPreviousData,
    }),
  );

  if (error !== null && data === undefined) {
    return (
      <ErrorState title="The tokens could not be read" error={error} busy={isFetching} onRetry={() => void refetch()} />
    );
  }
  if (data === undefined) {
    return <TableSkeleton label="Loading tokens" />;
  }
  const { tokens, nextCursor } = data;
  if (tokens.length === 0) {
    return <NoTokens filters={filters} />;
  }
  const { live, ended } = splitChosen(tokens, chosen);
  const count = live.length + ended.length;
  const toggle = (id: string): void => {
    const next = new Set(chosen);
    if (!next.delete(id)) {
      next.add(id);
    }
    setChosen(next);
  };
  return (
    <div className="flex flex-col gap-3">
      {error !== null && (
        <ErrorState
          title="The list below is out of date"
          error={error}
          busy={isFetching}
          onRetry={() => void refetch()}
        />
      )}
      <TokenTable
        tokens={tokens}
        openId={openId}
        onOpen={onOpen}
        selection={can("tokens:revoke") ? { ids: chosen, toggle } : null}
      />
      <div className="flex flex-wrap items-center justify-between gap-2">
        <div className="flex flex-wrap items-center gap-2">
          {count > 0 && (
            <>
              <span role="status">{count} selected</span>
              <Button variant="outline" size="sm" onClick={() => onAction({ kind: "revokeMany", live, ended })}>
                Revoke selected
              </Button>
              <Button variant="ghost" size="sm" onClick={() => setChosen(new Set())}>
                Clear selection
              </Button>
            </>
          )}
        </div>
        {(nextCursor !== null || filters.values.after !== null) && (
          <Pager
            label="Pages of tokens"
            busy={isFetching}
            onNewer={filters.values.after === null ? null : () => filters.newer()}
            onOlder={nextCursor === null ? null : () => filters.older(nextCursor)}
          >
            {tokens.length} on this page
          </Pager>
        )}
      </div>
    </div>
  );
}

function NoTokens({ filters }: { filters: TokenFilters }) {
  const can = useCan();
  const [, setCreating] = useUrlFlag("new");
  if (filters.isFiltered || filters.values.after !== null) {
    return <FilteredEmptyState noun="tokens" onClear={() => filters.clear()} />;
  }
  return (
    <EmptyState
      icon={KeyRoundIcon}
      title="No working tokens"
      action={can("tokens:create") && <Button onClick={() => setCreating(true)}>Create token</Button>}
    >
      A program needs a token to send messages to the gateway or to call its API. Its secret is shown once, when it is
      made. Tokens that have ended are under the state “All”.
    </EmptyState>
  );
}
