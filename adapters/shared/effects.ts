/** The effects that adapters perform, sorted as they perform them. */
import type { ProviderEffect } from '../../machines/domain/effect.ts';

/** The effect of one type, or the effects of several. */
export type EffectOf<T extends ProviderEffect['type']> = Extract<ProviderEffect, { type: T }>;

/** An effect of a thread. */
export type ThreadEffect = Exclude<ProviderEffect, { type: 'process.start' | 'process.stop' }>;

/** An effect of a turn that runs on an open connection. */
export type TurnEffect = EffectOf<
  'turn.start' | 'turn.compact' | 'turn.steer' | 'turn.interrupt' | 'turn.settle'
>;

type Performing = Promise<void> | void;

/** What is done for each effect of a thread; `R` is what belongs to one life of the provider. */
export interface ThreadPerformer<R> {
  open(run: R, effect: EffectOf<'connection.open'>): Performing;
  close(run: R, effect: EffectOf<'connection.close'>): Performing;
  kill(run: R, effect: EffectOf<'connection.kill'>): Performing;
  lookUp(run: R, effect: EffectOf<'turn.lookUp'>): Performing;
  answer(run: R, effect: EffectOf<'request.answer'>): Performing;
  refuse(run: R, effect: EffectOf<'request.refuse'>): Performing;
  turn(run: R, effect: TurnEffect): Performing;
}

/** Performs an effect. What it sends at once is sent before this returns, so that effects keep their order. */
export function performOn<R>(performer: ThreadPerformer<R>, run: R, effect: ThreadEffect): Performing {
  switch (effect.type) {
    case 'connection.open':
      return performer.open(run, effect);
    case 'connection.close':
      return performer.close(run, effect);
    case 'connection.kill':
      return performer.kill(run, effect);
    case 'turn.lookUp':
      return performer.lookUp(run, effect);
    case 'request.answer':
      return performer.answer(run, effect);
    case 'request.refuse':
      return performer.refuse(run, effect);
    default:
      return performer.turn(run, effect);
  }
}
