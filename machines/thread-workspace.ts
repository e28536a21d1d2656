/** What a thread does about the files of its workspace. */
import { actOf, type Move } from './act.ts';
import type { ThreadContext } from './domain/context.ts';
import type { ThreadInputOf as Of } from './domain/input.ts';
import * as checkpoints from './thread-checkpoints.ts';
import { close } from './thread-closing.ts';
import type { ThreadEvent } from './thread-events.ts';
import * as rollbacks from './thread-rollbacks.ts';
import * as turns from './thread-turns.ts';

type Context = ThreadContext;
const act = actOf<Context, ThreadEvent>();

export const workspaceMoves = {
  noteCapture: act((context, event: CaptureAnswer) => afterwards(context, checkpoints.note(context, event))),
  giveUpCaptures: act((context) => afterwards(context, checkpoints.overdue(context))),
  captureAgain: act((context) => afterwards(context, checkpoints.recovered(context))),
  /** The conversation that the connection has is not the one that the next prompt is for. */
  beginRollback: act((context, { rollback }: Of<'checkpoint.rollback'>) => {
    const begun = rollbacks.begin(context, rollback);
    const closing = context.link.phase === 'none' ? {} : close(context.link, 'rollback', true);
    return { ...begun, ...closing, set: { ...begun.set, ...closing.set } };
  }),
  askRestore: act((context) => rollbacks.ask(context)),
  endRollback: act((context, { restored, failure: cause }: Of<'checkpoint.restored'>) =>
    cause === null ? rollbacks.finish(context, restored) : rollbacks.fail(context, cause),
  ),
  dropRollback: act((context) => rollbacks.overdue(context)),
  /** Nothing is there to be closed, and the files are put back anyway. */
  stopAfterwards: act(({ link }) => ({
    set: { link: { ...link, closing: 'stop' } },
    facts: [{ type: 'command.noEffect', command: 'thread.stop' }],
  })),
  closeToDelete: act(({ link }) => close(link, 'delete', true)),
};

type CaptureAnswer = Of<'checkpoint.captured' | 'checkpoint.missing' | 'checkpoint.failed'>;

/** What waited for captures goes on with the last of them: a prompt that is to be handed over, or a rollback. */
function afterwards(context: Context, move: Move<Context, never>): Move<Context, never> {
  const after = { ...context, ...move.set };
  if (after.rollback !== null && after.link.phase === 'none') {
    const { effects = [], arm } = rollbacks.ask(after);
    return { ...move, effects: [...(move.effects ?? []), ...effects], ...(arm && { arm }) };
  }
  if (after.activeTurn === null || turns.onlineOf(context) !== null) return move;
  const online = turns.onlineOf(after);
  if (online === null) return move;
  const paused = after.sideTurns.length > 0 ? [{ type: '$pauseStart' } as const] : [];
  return { ...move, toTurn: [{ type: '$online', ...online }, ...paused] };
}
