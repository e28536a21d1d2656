/** What an agent asks of us and does not get; the message is for the agent. */
export class Refused extends Error {
  override readonly name = 'Refused';
  /** As JSON-RPC numbers errors. */
  readonly code: number;

  constructor(message: string, code: number = INVALID_PARAMS) {
    super(message);
    this.code = code;
  }
}

export const INVALID_PARAMS = -32_602;
export const METHOD_NOT_FOUND = -32_601;
export const NOT_FOUND = -32_002;
export const CANCELLED = -32_800;
