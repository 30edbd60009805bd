/** Every router of the console. */
import { overviewRouter } from "#server/overview/router.ts";
import { createCallerFactory, router } from "#server/trpc/init.ts";

export const appRouter = router({ overview: overviewRouter });
export type AppRouter = typeof appRouter;
export const createCaller = createCallerFactory(appRouter);
