/** Every router of the console. */
import { channelsRouter } from "#server/access/channels/router.ts";
import { rolesRouter } from "#server/access/roles/router.ts";
import { usersRouter } from "#server/access/users/router.ts";
import { accountRouter } from "#server/account/router.ts";
import { quarantineRouter } from "#server/files/router.ts";
import { membersRouter } from "#server/members/router.ts";
import { policyRouter } from "#server/gateway/router.ts";
import { configurationRouter } from "#server/configuration/router.ts";
import { overviewRouter } from "#server/overview/router.ts";
import { runsRouter } from "#server/runs/router.ts";
import { createCallerFactory, router } from "#server/trpc/init.ts";

export const appRouter = router({
  account: accountRouter,
  members: membersRouter,
  channels: channelsRouter,
  configuration: configurationRouter,
  overview: overviewRouter,
  policy: policyRouter,
  roles: rolesRouter,
  users: usersRouter,
  quarantine: quarantineRouter,
  runs: runsRouter,
});

export type AppRouter = typeof appRouter;
export const createCaller = createCallerFactory(appRouter);
