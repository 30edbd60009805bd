import { dehydrate, HydrationBoundary } from "@tanstack/react-query";
import { redirect } from "next/navigation";
import { EnrolScreen } from "#components/auth/enrol-screen.tsx";
import { TrpcProvider } from "#components/trpc/provider.tsx";
import { makeQueryClient } from "#components/trpc/query-client.ts";
import { requireSession, serverQueries } from "#server/trpc/caller.ts";

export const metadata = { title: "Set up a second factor" };

interface EnrolPageProps {
  searchParams: Promise<{ next?: string | string[] }>;
}

export default async function EnrolPage({ searchParams }: EnrolPageProps) {
  const context = await requireSession();
  if (context.session.secondFactor === "verified") {
    redirect("/account");
  }
  const { next } = await searchParams;
  const queryClient = makeQueryClient();
  await queryClient.prefetchQuery(serverQueries(context, queryClient).account.viewer.queryOptions());
  return (
    <TrpcProvider>
      <HydrationBoundary state={dehydrate(queryClient)}>
        <EnrolScreen next={typeof next === "string" ? next : undefined} />
      </HydrationBoundary>
    </TrpcProvider>
  );
}
