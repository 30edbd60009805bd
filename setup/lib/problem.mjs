/** Something the set-up cannot do by itself. `message` is one line that says what is missing and how to get it. */
export class SetupProblem extends Error {
  constructor(message, details = "") {
    super(message);
    this.name = "SetupProblem";
    /** End of the failing command's output. */
    this.details = details;
  }
}
