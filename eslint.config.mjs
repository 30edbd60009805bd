import next from "eslint-config-next";
import tseslint from "typescript-eslint";

const ENV_MESSAGE =
  "Read the environment in server/core/env.ts only, so that every variable is validated and documented once.";

const BROWSER_CODE = ["app/**/*.{ts,tsx}", "components/**/*.{ts,tsx}"];

export default tseslint.config(
  {
    ignores: ["node_modules/", ".next/", ".cache/", "server/core/db/generated/", "next-env.d.ts", "prisma/migrations/"],
  },
  ...next.map((config) => ("rules" in config ? { ...config, files: BROWSER_CODE } : config)),
  {
    files: ["**/*.ts", "**/*.tsx", "**/*.mts"],
    extends: [...tseslint.configs.recommendedTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      "@typescript-eslint/consistent-type-imports": "error",
      "@typescript-eslint/no-explicit-any": "error",
      "@typescript-eslint/no-non-null-assertion": "error",
      "@typescript-eslint/switch-exhaustiveness-check": ["error", { considerDefaultExhaustiveForUnions: true }],
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_", varsIgnorePattern: "^_" }],
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true, allowBoolean: true }],
      "@typescript-eslint/require-await": "off",
      "no-restricted-properties": ["error", { object: "process", property: "env", message: ENV_MESSAGE }],
      "no-console": "error",
      eqeqeq: "error",
      "max-lines": ["error", { max: 400, skipBlankLines: true, skipComments: true }],
    },
  },
  {
    files: ["**/*.test.ts", "e2e/**/*.ts", "tests/**/*.ts"],
    rules: { "max-lines": ["error", { max: 600, skipBlankLines: true, skipComments: true }] },
  },
  {
    files: ["server/core/env.ts", "*.config.ts", "e2e/**/*.ts", "tests/**/*.ts", "bench/**/*.ts", "**/*.test.ts"],
    rules: { "no-restricted-properties": "off" },
  },
  { files: ["cli/**/*.ts", "bench/**/*.ts", "setup/**/*.mjs"], rules: { "no-console": "off" } },
);
