import { SetupScreen } from "#components/auth/setup-screen.tsx";

export const metadata = { title: "Set up your account" };

export default function SetupPage() {
  return <SetupScreen />;
}
