/** Where the console sends a browser that may not go on. */
export const SIGN_IN_PATH = "/setup";
export const SESSION_ENDED_PATH = `${SIGN_IN_PATH}?ended`;
export const ENROL_PATH = "/enrol";
