/** Every router of the console. */
import { accountRouter } from "#server/account/router.ts";
import { membersRouter } from "#server/members/router.ts";
import { overviewRouter } from "#server/overview/router.ts";
import { createCallerFactory, router } from "#server/trpc/init.ts";

export const appRouter = router({
  account: accountRouter,
  members: membersRouter,
  overview: overviewRouter,
});

export type AppRouter = typeof appRouter;
export const createCaller = createCallerFactory(appRouter);
