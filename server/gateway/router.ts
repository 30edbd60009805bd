/** tRPC adapter of questions to the policy: the same answer as the live gate and `openclaw security explain`. */
import { explainToMember, policyChoices } from "#server/gateway/explain-to-member.ts";
import { ExplainRequest } from "#server/access/schema.ts";
import { LocatedAnswer, PolicyChoices } from "#server/gateway/schema.ts";
import { router } from "#server/trpc/init.ts";
import { withPermission } from "#server/trpc/procedures.ts";

export const policyRouter = router({
  explain: withPermission("policy", "explain")
    .input(ExplainRequest)
    .output(LocatedAnswer)
    .query(({ ctx, input }) => explainToMember(ctx.services, ctx.session.actor, ctx.origin, input)),
  /** What there is to ask about. */
  choices: withPermission("policy", "explain")
    .output(PolicyChoices)
    .query(({ ctx }) => policyChoices(ctx.services.policy.current())),
});
