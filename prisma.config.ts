import { defineConfig } from "prisma/config";

/** Where Prisma finds the schema folder and the migrations. The connection is given at run time by the supervisor. */
export default defineConfig({
  schema: "prisma/schema",
  migrations: { path: "prisma/migrations" },
});
