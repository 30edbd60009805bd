import type { LucideIcon } from "lucide-react";
import type { ReactNode } from "react";

interface FactorRowProps {
  icon: LucideIcon;
  title: string;
  state: ReactNode;
  text: ReactNode;
  actions: ReactNode;
  children?: ReactNode;
}

/** One kind of factor: what it is, how it stands, and what can be done about it. */
export function FactorRow({ icon: Icon, title, state, text, actions, children }: FactorRowProps) {
  return (
    <div className="flex flex-col gap-3 p-4">
      <div className="flex flex-wrap items-start gap-x-4 gap-y-3">
        <Icon aria-hidden className="mt-0.5 size-4 shrink-0 text-muted-foreground" />
        <div className="min-w-0 flex-1 basis-48">
          <h3 className="flex flex-wrap items-center gap-2 font-medium">
            {title}
            {state}
          </h3>
          <p className="text-muted-foreground">{text}</p>
        </div>
        <div className="flex flex-wrap gap-2">{actions}</div>
      </div>
      {children}
    </div>
  );
}
