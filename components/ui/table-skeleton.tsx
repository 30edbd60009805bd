import { Skeleton } from "#components/ui/skeleton.tsx";

/** Stands in for a table while it is read. `label`: "Loading tokens". */
export function TableSkeleton({ label, rows = 6 }: { label: string; rows?: number }) {
  return (
    <div role="status" data-slot="table-skeleton" className="flex flex-col gap-px overflow-hidden rounded-lg border">
      <span className="sr-only">{label}</span>
      {Array.from({ length: rows }, (_, index) => (
        <Skeleton key={index} className="h-10 rounded-none" />
      ))}
    </div>
  );
}
