/** Where one can go in the console: the one list behind the side menu, the palette and the `g` keys. */
import {
  ActivityIcon,
  ArchiveIcon,
  BellIcon,
  BotIcon,
  CpuIcon,
  FileCogIcon,
  GaugeIcon,
  InboxIcon,
  KeyRoundIcon,
  KeySquareIcon,
  LayoutDashboardIcon,
  MessagesSquareIcon,
  PlugIcon,
  ScanSearchIcon,
  ScrollTextIcon,
  ShieldAlertIcon,
  ShieldCheckIcon,
  SirenIcon,
  StampIcon,
  UserCogIcon,
  UserRoundCheckIcon,
  UsersIcon,
  type LucideIcon,
} from "lucide-react";

export interface Destination {
  path: string;
  label: string;
  icon: LucideIcon;
  /** Without it the screen is not offered. */
  permission: string;
  /** Goes there after `g`. */
  key: string;
}

interface NavigationGroup {
  /** Null for the part above all groups. */
  label: string | null;
  items: readonly Destination[];
}

export const NAVIGATION: readonly NavigationGroup[] = [
  {
    label: null,
    items: [{ path: "/overview", label: "Overview", icon: LayoutDashboardIcon, permission: "overview:read", key: "o" }],
  },
  {
    label: "Traffic",
    items: [
      { path: "/monitoring", label: "Monitoring", icon: ActivityIcon, permission: "monitoring:read", key: "w" },
      { path: "/alerts", label: "Alerts", icon: BellIcon, permission: "alerts:read", key: "k" },
      { path: "/audit", label: "Audit log", icon: ScrollTextIcon, permission: "audit:read", key: "a" },
      { path: "/deliveries", label: "Deliveries", icon: InboxIcon, permission: "channels:read", key: "d" },
      { path: "/runs", label: "Runs", icon: BotIcon, permission: "runs:read", key: "r" },
      { path: "/approvals", label: "Approvals", icon: StampIcon, permission: "runs:approve", key: "v" },
      { path: "/models", label: "Models", icon: CpuIcon, permission: "models:read", key: "n" },
      { path: "/quarantine", label: "Quarantine", icon: ShieldAlertIcon, permission: "quarantine:read", key: "q" },
      { path: "/limits", label: "Rate limits", icon: GaugeIcon, permission: "limits:read", key: "l" },
    ],
  },
  {
    label: "Access",
    items: [
      { path: "/tokens", label: "Tokens", icon: KeyRoundIcon, permission: "tokens:read", key: "t" },
      { path: "/roles", label: "Roles", icon: ShieldCheckIcon, permission: "roles:read", key: "e" },
      { path: "/users", label: "Users", icon: UsersIcon, permission: "users:read", key: "u" },
      { path: "/channels", label: "Channels", icon: MessagesSquareIcon, permission: "channels:read", key: "h" },
      { path: "/platforms", label: "Platforms", icon: PlugIcon, permission: "channels:read", key: "f" },
      { path: "/pairing", label: "Pairing", icon: UserRoundCheckIcon, permission: "users:read", key: "p" },
      { path: "/members", label: "Members", icon: UserCogIcon, permission: "members:read", key: "m" },
    ],
  },
  {
    label: "System",
    items: [
      { path: "/config", label: "Configuration", icon: FileCogIcon, permission: "config:read", key: "c" },
      { path: "/incidents", label: "Incidents", icon: SirenIcon, permission: "incidents:read", key: "i" },
      { path: "/scans", label: "Security scan", icon: ScanSearchIcon, permission: "scans:read", key: "s" },
      { path: "/keys", label: "Keys", icon: KeySquareIcon, permission: "keys:read", key: "y" },
      { path: "/backups", label: "Backups", icon: ArchiveIcon, permission: "backups:read", key: "b" },
    ],
  },
];

export const DESTINATIONS: readonly Destination[] = NAVIGATION.flatMap(({ items }) => items);

/** Things to begin, offered in the palette. */
export const ACTIONS: readonly { label: string; path: string; permission: string }[] = [
  { label: "Create token", path: "/tokens?new", permission: "tokens:create" },
  { label: "New role", path: "/roles?new", permission: "roles:write" },
  { label: "New user", path: "/users?new", permission: "users:write" },
  { label: "New channel rules", path: "/channels?new", permission: "channels:write" },
  { label: "New alert rule", path: "/alerts?tab=rules&new", permission: "alerts:write" },
  { label: "Connect platform", path: "/platforms?new", permission: "channels:write" },
  { label: "Invite member", path: "/members?new", permission: "members:write" },
  { label: "Lock someone or something", path: "/incidents?lock=", permission: "incidents:manage" },
  { label: "Open incident", path: "/incidents?new", permission: "incidents:manage" },
  { label: "Create backup", path: "/backups?new", permission: "backups:create" },
];

/** True on the screen itself and on everything below it. */
export function isWithinScreen(pathname: string, screen: string): boolean {
  return pathname === screen || pathname.startsWith(`${screen}/`);
}
