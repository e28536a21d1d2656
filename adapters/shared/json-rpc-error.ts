/** As JSON-RPC numbers errors. */
export const METHOD_NOT_FOUND = -32_601;
export const INVALID_PARAMS = -32_602;
export const INTERNAL_ERROR = -32_603;

/** What the other side said when it refused. */
export interface RemoteError {
  readonly code: number;
  readonly message: string;
  readonly data?: unknown;
}

/** A request that got no result. `remote` is set for the kind `remote` only. */
export class JsonRpcError extends Error {
  override readonly name = 'JsonRpcError';
  readonly kind: 'timeout' | 'closed' | 'remote';
  readonly method: string;
  readonly remote: RemoteError | null;

  constructor(kind: JsonRpcError['kind'], method: string, cause: string | RemoteError) {
    super(`${method}: ${typeof cause === 'string' ? cause : `${cause.message} (${cause.code})`}`);
    this.kind = kind;
    this.method = method;
    this.remote = typeof cause === 'string' ? null : cause;
  }
}
