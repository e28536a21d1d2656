/** What became of a prompt that the last run of the server handed over and did not see to its end. */
import type { ThreadInputOf } from '../../machines/domain/input.ts';
import type { ProviderHost } from '../../machines/ports/provider.ts';
import type { EffectOf } from './effects.ts';

export type LookUp = EffectOf<'turn.lookUp'>;
export type Found = Pick<ThreadInputOf<'provider.turnLookedUp'>, 'found' | 'failure' | 'forgotten'>;

export const ABSENT: Found = { found: 'absent', failure: null };

/** Tells it, and that the instance is not needed for it any more. */
export function reportLookedUp(host: ProviderHost, effect: LookUp, found: Found): void {
  const { threadId, turnId, attempt } = effect;
  host.report(threadId, { type: 'provider.turnLookedUp', turnId, attempt, ...found });
  host.reportInstance({ type: 'instance.workDone', threadId, connectionId: null });
}
