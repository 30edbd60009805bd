import { SetupScreen } from "#components/auth/setup-screen.tsx";

export const metadata = { title: "Sign in" };

interface SetupPageProps {
  searchParams: Promise<{ ended?: string }>;
}

export default async function SetupPage({ searchParams }: SetupPageProps) {
  return <SetupScreen sessionEnded={(await searchParams).ended !== undefined} />;
}
