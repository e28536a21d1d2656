import { INVALID_PARAMS } from '../shared/json-rpc-error.ts';

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

/** The protocol's own. */
export const NOT_FOUND = -32_002;
export const CANCELLED = -32_800;
