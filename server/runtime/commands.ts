/** From what a client asks to what a thread takes in, and from the facts to what the client is told. */
import type { Capabilities } from '../../machines/domain/capability.ts';
import {
  commandAnswerOf,
  type Command,
  type CommandOf,
  type CommandResult,
} from '../../machines/domain/command.ts';
import type { ThreadContext } from '../../machines/domain/context.ts';
import { RuntimeError } from '../../machines/domain/error.ts';
import type { Fact } from '../../machines/domain/fact.ts';
import type { InstanceId, RequestId, ThreadId, TurnId } from '../../machines/domain/ids.ts';
import type { CommandInput, ThreadInputOf } from '../../machines/domain/input.ts';
import type { Owner, RequestRow } from '../../machines/domain/request.ts';

import type { ThreadProjection } from './projection.ts';
import { editOf, rollbackOf } from './rollback-command.ts';

/** What the translation has to look up. */
export interface CommandLookups {
  readonly context: ThreadContext;
  newTurnId(): TurnId;
  request(requestId: RequestId): RequestRow | null;
  readonly rows: ThreadProjection;
  /** @throws {RuntimeError} INSTANCE_NOT_FOUND, INSTANCE_UNAVAILABLE */
  capabilities(instanceId: InstanceId): Capabilities;
}

type ThreadCommand = Exclude<
  Command,
  { type: 'thread.create' | 'thread.fork' | 'thread.mergeBack' | 'task.delegate' }
>;

/** @throws {RuntimeError} REQUEST_NOT_FOUND, REQUEST_NOT_EXPIRED for `request.askAgain`; TURN_NOT_FOUND, NOTHING_TO_ROLL_BACK. */
export function inputOf(command: ThreadCommand, lookups: CommandLookups): CommandInput {
  switch (command.type) {
    case 'turn.submit':
      return submitOf(command, lookups.newTurnId());
    case 'turn.interrupt':
      return { type: command.type, turnId: command.turnId ?? null };
    case 'turn.retry':
    case 'thread.compact':
      return { type: command.type, turnId: lookups.newTurnId() };
    case 'checkpoint.rollback':
      return { type: command.type, rollback: rollbackOf(lookups.rows, command, lookups.newTurnId()) };
    case 'turn.edit':
      return { type: 'checkpoint.rollback', rollback: editOf(lookups.rows, command, lookups.newTurnId()) };
    case 'thread.switchProvider': {
      const { threadId: _, ...input } = command;
      return { ...input, capabilities: lookups.capabilities(command.instanceId) };
    }
    case 'request.askAgain':
      return askAgainOf(command, lookups);
    case 'request.respond':
      return {
        type: command.type,
        requestId: command.requestId,
        owner: ownerOf(lookups.request(command.requestId), lookups.context),
        answer: commandAnswerOf(command),
      };
    default: {
      const { threadId: _, ...input } = command;
      return input;
    }
  }
}

/** A request of another turn than the active one is the connection's. */
export function ownerOf(request: RequestRow | null, { activeTurn }: ThreadContext): Owner {
  if (request?.owner === 'turn') return request.turnId === activeTurn?.turnId ? 'turn' : 'connection';
  return request?.owner ?? 'connection';
}

function submitOf(command: CommandOf<'turn.submit'>, turnId: TurnId): ThreadInputOf<'turn.submit'> {
  const { mode, text, attachments, model, options, sourcePlan } = command;
  return {
    type: 'turn.submit',
    mode,
    expected: command.turnId ?? null,
    prompt: {
      turnId,
      text,
      attachments,
      ...(model === undefined ? {} : { model }),
      ...(options === undefined ? {} : { options }),
      ...(sourcePlan === undefined ? {} : { sourcePlan }),
    },
  };
}

function askAgainOf(
  { threadId, requestId }: CommandOf<'request.askAgain'>,
  lookups: CommandLookups,
): ThreadInputOf<'turn.submit'> {
  const request = lookups.request(requestId);
  if (request === null) {
    throw new RuntimeError('REQUEST_NOT_FOUND', `thread ${threadId} has no request ${requestId}`);
  }
  if (request.outcome !== 'expired') {
    throw new RuntimeError('REQUEST_NOT_EXPIRED', `request ${requestId} has not expired`, {
      details: { status: request.status, outcome: request.outcome },
    });
  }
  const prompt = { turnId: lookups.newTurnId(), text: questionAgain(request), attachments: [] };
  return { type: 'turn.submit', mode: 'queue', expected: null, prompt };
}

function questionAgain({ body, reason }: RequestRow): string {
  const because = reason === undefined ? '' : ` (${reason})`;
  const again = 'If you still need it, ask again.';
  switch (body.kind) {
    case 'command':
      return `You asked to run this command${because}, but could not be answered in time:\n\n${body.command}\n\n${again}`;
    case 'file-read':
    case 'file-change':
      return `You asked for access to these files${because}, but could not be answered in time:\n\n${body.paths.join('\n')}\n\n${again}`;
    case 'tool':
      return `You asked to use the tool ${body.tool}${because}, but could not be answered in time. ${again}`;
    case 'question':
      return `You asked, but could not be answered in time:\n\n${body.questions.map((each) => each.question).join('\n')}\n\n${again}`;
  }
}

/** The ids that the accepted command made, read from what it drew. */
export function resultOf(
  input: CommandInput,
  facts: readonly Fact[],
  place: { readonly sequence: number; readonly threadId: ThreadId; readonly activeTurnId: TurnId | null },
): Omit<CommandResult, 'duplicate'> {
  const { sequence, threadId, activeTurnId } = place;
  const began = facts.find((fact) => fact.type === 'turn.began');
  const added = facts.find((fact) => fact.type === 'queue.added');
  const turnId = began?.turnId ?? toBegin(input) ?? steered(input, activeTurnId);
  return {
    sequence,
    threadId,
    ...(turnId === null ? {} : { turnId }),
    ...(added === undefined || began !== undefined ? {} : { queueEntryId: added.entry.turnId }),
    ...(input.type === 'request.respond' ? { requestId: input.requestId } : {}),
  };
}

/** A turn that begins later, or in another thread. */
function toBegin(input: CommandInput): TurnId | null {
  if (input.type === 'task.delegate') return input.task.taskId;
  return input.type === 'checkpoint.rollback' ? (input.rollback.prompt?.turnId ?? null) : null;
}

function steered(input: CommandInput, activeTurnId: TurnId | null): TurnId | null {
  const isSteer = (input.type === 'turn.submit' && input.mode === 'steer') || input.type === 'queue.promote';
  return isSteer ? activeTurnId : null;
}
