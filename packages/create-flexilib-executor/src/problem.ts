/** What the user can mend; the message says how. `status` is the exit status: 1 failed, 2 wrong usage. */
export class Problem extends Error {
  readonly status: 1 | 2;

  constructor(message: string, status: 1 | 2 = 1) {
    super(message);
    this.status = status;
  }
}
