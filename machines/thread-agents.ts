/** Sub-agents: threads of their own, which the connection of the thread that has begun them carries. */
import { actOf, type Move } from './act.ts';
import type { Link, ThreadContext } from './domain/context.ts';
import type { Fact } from './domain/fact.ts';
import type { ThreadInputOf } from './domain/input.ts';
import { RESUME } from './domain/opening.ts';
import type { ThreadEvent } from './thread-events.ts';
import { NO_LINK } from './thread-context.ts';
import { ownTurns, withTransfer } from './thread-transfers.ts';
import { openingModelOf } from './thread-turns.ts';

type Context = ThreadContext;
type ThreadMove = Move<Context, never>;
const act = actOf<Context, ThreadEvent>();

export const agentMoves = {
  /** Nothing is opened where another thread's connection carries this one. */
  bind: act((context) => (context.link.phase === 'open' ? {} : bound(context))),
  startAgent: act((context, event: ThreadInputOf<'provider.agentStarted'>) => startAgent(context, event)),
  noteAdoption: act((_, adoption: ThreadInputOf<'connection.adopted'>) => ({ set: { adoption } })),
  /** A connection of its own that nobody uses. */
  giveWay: act(() => ({ toConnection: { type: '$replaced' } })),
  adopt: act((context) => adopted(context)),
};

const bound = (context: Context): ThreadMove =>
  withOwnStory(context, {
    set: {
      connectionCount: context.connectionCount + 1,
      link: { ...NO_LINK, phase: 'opening', model: openingModelOf(context) },
    },
  });

/** The child is made in the same transaction where it is not there yet, and is live from then on. */
function startAgent(context: Context, event: ThreadInputOf<'provider.agentStarted'>): ThreadMove {
  const { turnId, itemId, title, child } = event;
  const { threadId, ...carried } = child;
  const { settings, threadId: parentId } = context;
  const model = carried.model ?? settings.model;
  const place = { turnId, turnOrdinal: 0, itemOrdinal: 0, version: 0 };
  const create: ThreadInputOf<'thread.create'> = {
    type: 'thread.create',
    threadId,
    settings: { ...settings, title, model },
    capabilities: context.link.carried?.capabilities ?? context.capabilities,
    lineage: { kind: 'subagent', parentId, ...place },
    opening: RESUME,
  };
  const adopted = { type: 'connection.adopted', ...carried, instanceId: settings.instanceId } as const;
  return {
    facts: [{ type: 'subagent.started', childId: threadId, itemId, turnId }],
    effects: [create, adopted].map((input) => ({ type: 'tellThread', threadId, input })),
  };
}

/** It is live: what it says comes by the connection that carries it. A person who had put it away sees it again. */
function adopted(context: Context): ThreadMove {
  if (context.adoption === null) return {};
  const { connectionId, nativeThreadId, capabilities, model } = context.adoption;
  const said: Fact = { type: 'connection.adopted', connectionId, nativeThreadId, model };
  return {
    set: {
      adoption: null,
      archived: false,
      link: {
        phase: 'open',
        closing: null,
        end: null,
        folds: false,
        model,
        carried: { connectionId, capabilities: context.capabilities },
      },
      capabilities,
      opening: RESUME,
      session: nativeThreadId === null ? null : { nativeThreadId, state: 'confirmed' },
    },
    facts: context.archived ? [{ type: 'thread.unarchived' }, said] : [said],
  };
}

/** What late words of it are known by. */
export const lastCarried = ({ link: { carried } }: Context): Pick<Link, 'carried'> =>
  carried === undefined ? {} : { carried };

/** A connection of its own can do what its provider can. */
export const afterCarried = ({ link: { carried } }: Context): Partial<Context> =>
  carried === undefined ? {} : { capabilities: carried.capabilities };

/**
 * The same move, which opens a connection of its own. A sub-agent that had no session, only a place in its parent's,
 * begins a new conversation, which is told what was said; the prompt that goes along asks for that.
 */
function withOwnStory(context: Context, move: ThreadMove): ThreadMove {
  const { lineage, session, opening, transfers, threadId } = context;
  const isNew = session === null && opening.type === 'resume';
  const isTold = transfers.some(({ source }) => source === threadId);
  if (lineage?.kind !== 'subagent' || !isNew || isTold) return move;
  return { ...withTransfer(context, move, { kind: 'resume', ...ownTurns(context) }), effects: [] };
}
