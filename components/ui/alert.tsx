import { cva, type VariantProps } from "class-variance-authority";
import type { ComponentProps } from "react";
import { cn } from "#components/shared/cn.ts";

const alertVariants = cva(
  "flex gap-3 rounded-lg border bg-card px-4 py-3 [&>svg]:mt-0.5 [&>svg]:size-4 [&>svg]:shrink-0",
  {
    variants: {
      variant: {
        info: "[&>svg]:text-primary",
        warning: "border-warning/50 [&>svg]:text-warning",
        destructive: "border-destructive/50 [&>svg]:text-destructive",
      },
    },
    defaultVariants: { variant: "info" },
  },
);

export function Alert({ className, variant, ...props }: ComponentProps<"div"> & VariantProps<typeof alertVariants>) {
  return <div data-slot="alert" className={cn(alertVariants({ variant }), className)} {...props} />;
}
