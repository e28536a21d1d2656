/** What a token may be used for. */
import { z } from 'zod';

/**
 * `read`: info, get, list, subscribe. `operate`: dispatch except delete. `admin`: delete, inspect, inputs, tokens. None
 * includes another.
 */
export const scopeSchema = z.enum(['read', 'operate', 'admin']);
export type Scope = z.infer<typeof scopeSchema>;

/** Who is on the other side of a socket or request. */
export interface Principal {
  /** `file` for the token of the token file. */
  readonly tokenId: string;
  readonly scopes: ReadonlySet<Scope>;
}
