/** The state of the whole gateway, for the console and the command line. */
export { posture } from "#server/overview/posture.ts";
export { readPostureFacts } from "#server/overview/posture-facts.ts";
