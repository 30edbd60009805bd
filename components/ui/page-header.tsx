import type { ReactNode } from "react";

interface PageHeaderProps {
  title: string;
  /** One sentence: what this screen is about. */
  description?: ReactNode;
  /** Buttons, the main one last. */
  actions?: ReactNode;
}

/** Top of every screen: its only `h1`, and what can be done here. */
export function PageHeader({ title, description, actions }: PageHeaderProps) {
  return (
    <div data-slot="page-header" className="flex flex-wrap items-start justify-between gap-x-6 gap-y-3">
      <div className="min-w-0">
        <h1 className="text-xl font-semibold break-words">{title}</h1>
        {description !== undefined && <div className="mt-0.5 max-w-prose text-muted-foreground">{description}</div>}
      </div>
      {actions !== undefined && <div className="flex flex-wrap items-center gap-2 print:hidden">{actions}</div>}
    </div>
  );
}
