import { failure } from '../../machines/domain/error.ts';
import { ABSENT, reportLookedUp, type LookUp } from '../shared/look-up.ts';
import type { Run } from './run.ts';

const NO_WAY = failure('PROVIDER_ERROR', 'ACP has no way to ask what became of a prompt', {
  class: 'provider',
});

/** Prompts have no ids in the protocol, and a loaded conversation names none: what became of one is not known. */
export function lookUp({ host }: Run, effect: LookUp): void {
  const isUnasked = effect.nativeThreadId === null;
  reportLookedUp(host, effect, isUnasked ? ABSENT : { found: 'unknown', failure: NO_WAY });
}
