/** What other domains, processes and the command line may import of codes that commands ask for. */
export { beginUserFactor, confirmUserFactor, removeUserFactor, type EnrolDeps } from "#server/step-up/enrol.ts";
export { createUserFactorSeal, type UserFactorSeal } from "#server/step-up/factor-seal.ts";
export { createStepUp, type Held, type StepUp, type Whereabouts } from "#server/step-up/step-up.ts";
