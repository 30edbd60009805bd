import { SignInScreen, type SignInNotice } from "#components/auth/sign-in-screen.tsx";

export const metadata = { title: "Sign in" };

const NOTICES: readonly SignInNotice[] = ["ended", "again", "password-set"];

interface SignInPageProps {
  searchParams: Promise<Record<string, string | string[] | undefined>>;
}

export default async function SignInPage({ searchParams }: SignInPageProps) {
  const query = await searchParams;
  const notice = NOTICES.find((name) => query[name] !== undefined) ?? null;
  return <SignInScreen notice={notice} next={typeof query.next === "string" ? query.next : undefined} />;
}
