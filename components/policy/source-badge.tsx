import { DatabaseIcon, FileCogIcon } from "lucide-react";
import { Badge } from "#components/ui/badge.tsx";

export function SourceBadge({ inFile }: { inFile: boolean }) {
  return inFile ? (
    <Badge>
      <FileCogIcon aria-hidden />
      In configuration file, read-only
    </Badge>
  ) : (
    <Badge>
      <DatabaseIcon aria-hidden />
      Database
    </Badge>
  );
}
