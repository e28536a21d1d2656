import type { Capabilities } from '../../machines/domain/capability.ts';
import type { OpenConnection, ProviderEffect, TurnKey } from '../../machines/domain/effect.ts';
import { failure, type Failure } from '../../machines/domain/error.ts';
import { threadIdOf } from '../../machines/domain/ids.ts';
import type { ProviderHost, ProviderReport } from '../../machines/ports/provider.ts';
import type { EffectOf } from './effects.ts';

/** A prompt, a compaction, a steer or an interrupt, which the provider or we can refuse. */
export type RefusableEffect = EffectOf<'turn.start' | 'turn.compact' | 'turn.steer' | 'turn.interrupt'>;

const NOT_RUNNING = failure('OPEN_FAILED', 'the provider is not running', { class: 'transport' });
const GONE = failure('CONNECTION_LOST', 'the connection to the provider is gone', { class: 'transport' });
const NO_HISTORY = failure('CAPABILITY_UNSUPPORTED', 'the provider cannot begin with that history', {
  class: 'validation',
});
const UNDELIVERED = failure('ANSWER_UNDELIVERED', 'the provider does not wait for this answer, or is gone', {
  class: 'transport',
});

/** Says of an effect without a process or a connection that it was not performed; what would end something is done. */
export function declineEffect(host: ProviderHost, effect: ProviderEffect): void {
  switch (effect.type) {
    case 'connection.open': {
      const { threadId, connectionId } = effect;
      return host.report(threadId, { type: 'connection.openFailed', connectionId, failure: NOT_RUNNING });
    }
    case 'connection.close': {
      const { connectionId } = effect;
      return host.report(threadIdOf(connectionId), { type: 'connection.closed', connectionId });
    }
    case 'turn.lookUp': {
      const { threadId, turnId, attempt } = effect;
      const found = { turnId, attempt, found: 'unknown', failure: NOT_RUNNING } as const;
      host.report(threadId, { type: 'provider.turnLookedUp', ...found });
      return host.reportInstance({ type: 'instance.workDone', threadId, connectionId: null });
    }
    case 'turn.start':
    case 'turn.compact':
    case 'turn.steer':
    case 'turn.interrupt':
      return host.report(threadIdOf(effect.connectionId), refusalOf(effect, GONE));
    case 'turn.settle':
      return host.settled(threadIdOf(effect.connectionId), effect.turnId, effect.attempt);
    case 'request.answer':
      return declineAnswer(host, effect);
    default:
    // of the others nobody waits for an answer
  }
}

/** `true` also where nothing is to be forked or taken out. */
export const canOpen = (can: Capabilities, effect: OpenConnection): boolean =>
  canFork(can, effect) && canRollBack(can, effect);

function canFork({ fork: most }: Capabilities, { fork }: OpenConnection): boolean {
  if (fork === undefined) return true;
  return most === 'turn' || (most === 'now' && fork.nativeTurnId === null);
}

function canRollBack({ rollback: most }: Capabilities, { rollback }: OpenConnection): boolean {
  if (rollback === undefined) return true;
  return most === 'files' || (most === 'turns' && !rollback.files);
}

/** Rather than to begin in silence with nothing, or to go on with all of it. */
export function declineOpen(host: ProviderHost, { threadId, connectionId }: OpenConnection): void {
  host.report(threadId, { type: 'connection.openFailed', connectionId, failure: NO_HISTORY });
}

/** Nobody waits for the answer (any more). */
export function declineAnswer(
  host: ProviderHost,
  { connectionId, requestId }: EffectOf<'request.answer'>,
): void {
  const asked = { connectionId, requestId, owner: 'turn' } as const;
  host.report(threadIdOf(connectionId), {
    type: 'provider.requestUndeliverable',
    ...asked,
    failure: UNDELIVERED,
  });
}

/** That a prompt, a steer or an interrupt was refused, and why. */
export function refusalOf(effect: RefusableEffect, cause: Failure): ProviderReport {
  const key = { ...keyOf(effect), failure: cause };
  switch (effect.type) {
    case 'turn.start':
    case 'turn.compact':
      return { type: 'provider.turnRefused', ...key };
    case 'turn.steer':
      return { type: 'provider.steerRefused', ...key, steerId: effect.steer.turnId };
    case 'turn.interrupt':
      return { type: 'provider.interruptRefused', ...key };
  }
}

export const keyOf = ({ connectionId, turnId, attempt, nativeTurnId }: TurnKey) => ({
  connectionId,
  turnId,
  attempt,
  nativeTurnId,
});
