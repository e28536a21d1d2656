/** Proposed plans on their way in: nothing of one is shown before it is complete, and an empty one never is. */
import type { InstanceId, ItemId, ThreadId } from '../../machines/domain/ids.ts';
import type { DeltaInput, ThreadInputOf } from '../../machines/domain/input.ts';
import type { ItemStatus } from '../../machines/domain/item.ts';
import type { Arrival } from './ingress.ts';

type Report = Extract<Arrival, { kind: 'provider' }>;
type Written = ThreadInputOf<'provider.itemStarted' | 'provider.itemUpdated' | 'provider.itemCompleted'>;

/** A plan that is being written: what its provider last said of it, with the text so far. */
interface Held {
  readonly report: Report;
  readonly input: Written;
}

export class HeldPlans {
  readonly #threads = new Map<ThreadId, Map<ItemId, Held>>();

  /** `false`: the piece is none of a plan. */
  add(threadId: ThreadId, { itemId, text }: DeltaInput): boolean {
    const held = this.#threads.get(threadId)?.get(itemId);
    if (held === undefined) return false;
    const { input } = held;
    const item = { ...input.item, text: input.item.text + text };
    this.#threads.get(threadId)?.set(itemId, { ...held, input: { ...input, item } });
    return true;
  }

  /** What goes on into the queue instead of the report, in order. */
  take(report: Report): readonly Report[] {
    const { input } = report;
    if ('item' in input && input.item.body.kind === 'plan') return this.#write(report, input);
    return ENDS.has(input.type) ? [...this.#ended(report), report] : [report];
  }

  /** Plans that will not be completed, as they stand. */
  release(threadId: ThreadId): readonly Report[] {
    const plans = [...(this.#threads.get(threadId)?.values() ?? [])];
    this.#threads.delete(threadId);
    return plans.flatMap((held) => ended(held, 'interrupted'));
  }

  /** Of all threads of an instance, or of all there are. */
  releaseOf(instanceId: InstanceId | null): readonly Report[] {
    const isOf = ({ report }: Held): boolean => instanceId === null || report.instanceId === instanceId;
    const threads = [...this.#threads].filter(([, plans]) => [...plans.values()].some(isOf));
    return threads.flatMap(([threadId]) => this.release(threadId));
  }

  #write(report: Report, input: Written): readonly Report[] {
    const { threadId } = report;
    const { item } = input;
    const plans = this.#threads.get(threadId) ?? new Map<ItemId, Held>();
    const text = item.text === '' ? (plans.get(item.itemId)?.input.item.text ?? '') : item.text;
    const whole = { ...input, item: { ...item, text } };
    if (input.type !== 'provider.itemCompleted') {
      this.#threads.set(threadId, plans.set(item.itemId, { report, input: whole }));
      return [];
    }
    plans.delete(item.itemId);
    if (plans.size === 0) this.#threads.delete(threadId);
    return ended({ report, input: whole }, item.status);
  }

  /** Of a turn that ends, its own plans; of a session, all of them. */
  #ended({ threadId, input }: Report): readonly Report[] {
    if (!('nativeTurnId' in input)) return this.release(threadId);
    const plans = this.#threads.get(threadId);
    const isDone = input.type === 'provider.turnEnded' && input.outcome === 'completed';
    const mine = [...(plans ?? [])].filter(
      ([, held]) => isSameTurn(held.input, input) && isSameSpeaker(held.input, input),
    );
    for (const [itemId] of mine) plans?.delete(itemId);
    return mine.flatMap(([, held]) => ended(held, isDone ? 'completed' : 'interrupted'));
  }
}

type Named = Pick<Written, 'turnId' | 'nativeTurnId'>;

/** Turns are named by the provider's id or by ours; where the two cannot be compared it is the same one. */
function isSameTurn(one: Named, other: Named): boolean {
  if (one.nativeTurnId !== null && other.nativeTurnId !== null)
    return one.nativeTurnId === other.nativeTurnId;
  return one.turnId === null || other.turnId === null || one.turnId === other.turnId;
}

/** A cut is of the agent itself, or of one of its sub-agents. */
function isSameSpeaker({ item }: Written, input: Report['input']): boolean {
  return !('parentItemId' in input) || (item.parentItemId ?? null) === input.parentItemId;
}

function ended({ report, input }: Held, status: ItemStatus): readonly Report[] {
  const text = input.item.text.trim();
  if (text === '') return [];
  const item = { ...input.item, text, status };
  return [{ ...report, input: { ...input, type: 'provider.itemCompleted', item } }];
}

/** After these nobody writes the plan any more. */
const ENDS: ReadonlySet<string> = new Set([
  'provider.textCut',
  'provider.turnEnded',
  'provider.turnRefused',
  'provider.turnAbsorbed',
  'provider.becameInactive',
  'connection.openFailed',
  'connection.closed',
  'connection.lost',
]);
