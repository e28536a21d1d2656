/** Why the server closes a socket. */
export const CLOSE_CODES = Object.freeze({
  shutdown: 1001,
  notText: 1003,
  internal: 1011,
  unauthorized: 4401,
  lagging: 4408,
  tooLarge: 4413,
  tooFast: 4429,
});

/** What `ws` says of a message above its limits: of its bytes, and of the pieces that it comes in. */
const TOO_LARGE: readonly (number | undefined)[] = [1009, 1008];

/** The code that clients are told for one that a library chose. */
export const closeCodeOf = (code: number | undefined): number | undefined =>
  TOO_LARGE.includes(code) ? CLOSE_CODES.tooLarge : code;
