import { defineConfig } from "vitest/config";

const NOT_OURS = ["**/node_modules/**", "**/.next/**", "**/.cache/**", "e2e/**"];

/** `unit` touches nothing outside the process; `int` has a real PostgreSQL, and real Docker where a test asks for it. */
export default defineConfig({
  test: {
    maxWorkers: 2,
    projects: [
      {
        test: {
          name: "unit",
          environment: "node",
          include: ["**/*.test.{ts,tsx,mjs}"],
          exclude: [...NOT_OURS, "**/*.int.test.ts"],
          testTimeout: 20_000,
        },
      },
      {
        test: {
          name: "int",
          environment: "node",
          include: ["**/*.int.test.ts"],
          exclude: NOT_OURS,
          globalSetup: ["tests/support/global-database.ts"],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
});
