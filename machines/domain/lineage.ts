/** Where a thread comes from that did not begin with nothing. */
import { z } from 'zod';
import { threadIdSchema, turnIdSchema } from './ids.ts';

const count = z.number().int().nonnegative();

/**
 * The place in another thread at which this one branched off. Turns and items go on counting from there, so the ordinals
 * order both, and what the other thread does later is not seen here.
 */
export const lineageSchema = z.object({
  /**
   * `fork`: the transcript goes on in the parent. `delegate`: it begins with nothing. `subagent`: so does it, and the
   * parent's agent has begun it.
   */
  kind: z.enum(['fork', 'delegate', 'subagent']),
  parentId: threadIdSchema,
  /**
   * The last turn that belongs to it, of the parent or of what that has inherited; `null`: it has none. Of a sub-agent the
   * turn that began it, which does not belong to it.
   */
  turnId: turnIdSchema.nullable(),
  turnOrdinal: count,
  /** Of the last item that belongs to it. */
  itemOrdinal: count,
  /** Of the parent's entry by which it branched off; 0 of a sub-agent. */
  version: count,
});
export type Lineage = z.infer<typeof lineageSchema>;

/** The thread that the transcript goes on in, and the last ordinal that is seen of it; `null`: it has all of its own. */
export function inheritance(
  lineage: Lineage | null,
): { readonly threadId: Lineage['parentId']; readonly until: number } | null {
  if (lineage?.kind !== 'fork') return null;
  return { threadId: lineage.parentId, until: lineage.itemOrdinal };
}
