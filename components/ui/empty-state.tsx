import { SearchXIcon, type LucideIcon } from "lucide-react";
import type { ReactNode } from "react";
import { Button } from "#components/ui/button.tsx";

interface EmptyStateProps {
  icon: LucideIcon;
  /** "No tokens yet" */
  title: string;
  /** What would be here, and how the first one comes to be. */
  children: ReactNode;
  /** The first action. */
  action?: ReactNode;
}

/** A list that has nothing in it. */
export function EmptyState({ icon: Icon, title, children, action }: EmptyStateProps) {
  return (
    <div data-slot="empty-state" className="flex flex-col items-center gap-2 px-6 py-12 text-center">
      <Icon aria-hidden className="size-6 text-muted-foreground" />
      <p className="font-medium">{title}</p>
      <div className="w-full max-w-prose text-muted-foreground">{children}</div>
      {action !== undefined && <div className="mt-2 flex flex-wrap justify-center gap-2">{action}</div>}
    </div>
  );
}

/** A list where the filter lets nothing through. */
export function FilteredEmptyState({ noun, onClear }: { noun: string; onClear: () => void }) {
  return (
    <EmptyState
      icon={SearchXIcon}
      title={`No ${noun} match the filters`}
      action={
        <Button variant="outline" size="sm" onClick={onClear}>
          Clear filters
        </Button>
      }
    >
      Change the filters or clear them to see all {noun}.
    </EmptyState>
  );
}
