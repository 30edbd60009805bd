import Link from "next/link";
import { MessagePage } from "#components/layout/message-page.tsx";
import { Button } from "#components/ui/button.tsx";

export const metadata = { title: "Page not found" };

export default function NotFound() {
  return (
    <MessagePage
      title="Page not found"
      text="The console has no page at this address. Check the address, or start from the overview."
    >
      <Button asChild>
        <Link href="/overview">Open overview</Link>
      </Button>
    </MessagePage>
  );
}
