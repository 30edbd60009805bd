/** Whoever runs the command line owns the machine: it may do everything, and the record says so. */
export const OPERATOR = { type: "operator", id: "cli" } as const;
