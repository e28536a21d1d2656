/** A command on its way into the staging: receipt, look-ups, decide. A refused one leaves nothing behind. */
import { keptAnswer } from '../../machines/domain/answer.ts';
import type { CommandOf, CommandResult } from '../../machines/domain/command.ts';
import { decide } from '../../machines/domain/decide.ts';
import { RuntimeError } from '../../machines/domain/error.ts';
import type { CommandId, ThreadId } from '../../machines/domain/ids.ts';
import type { CommandInput, ThreadInputOf } from '../../machines/domain/input.ts';
import type { ItemRow } from '../../machines/domain/item.ts';
import type { RequestRow } from '../../machines/domain/request.ts';
import { RESUME } from '../../machines/domain/opening.ts';
import type { Prompt } from '../../machines/domain/turn.ts';
import type { Receipt } from '../../machines/ports/journal.ts';
import { inputOf, resultOf } from './commands.ts';
import { secretFingerprintOf } from './fingerprint.ts';
import { delegateInput } from './delegate.ts';
import { forkInput, mergeInput } from './fork.ts';
import type { CommandArrival } from './ingress.ts';
import { checkRollback } from './rollback-command.ts';
import type { LoadedThread } from './loaded-thread.ts';
import { capabilitiesOf, newThread } from './new-thread.ts';
import { noteSharedFolder } from './shared-folder.ts';
import type { Applied, Intake } from './take.ts';
import { checkPrompt } from './workspace.ts';

export function takeCommand(intake: Intake, arrival: CommandArrival): void {
  const { answers, entries } = intake.staging;
  const before = entries.length;
  try {
    const result = repeated(intake, arrival) ?? accepted(intake, arrival);
    if ('thrown' in result) return fail(intake, arrival, result);
    answers.push({ arrival, result });
  } catch (error) {
    // what was staged before it broke must not be committed without its receipt
    if (!(error instanceof RuntimeError) || entries.length > before) throw error;
    intake.parts.counters.refused += 1;
    answers.push({ arrival, error });
  }
}

/** The input is journaled as failed; the command is refused and its id stays free. */
function fail({ staging, parts }: Intake, arrival: CommandArrival, { thread, thrown }: Applied): void {
  const attempt = `${arrival.command.type} on thread ${thread.threadId}`;
  const error = new RuntimeError('INTERNAL', `${attempt} failed`, { cause: thrown });
  parts.counters.refused += 1;
  staging.answers.push({ arrival, error });
}

/** The same command again, also inside one tick, has the first result. */
function repeated(intake: Intake, arrival: CommandArrival): CommandResult | null {
  const { commandId, fingerprint } = arrival;
  const receipt = intake.staging.receipts.get(commandId) ?? intake.parts.journal.receipt(commandId);
  if (receipt === null) return null;
  if (receipt.fingerprint === fingerprint || isSameSecret(receipt, arrival))
    return { ...receipt.result, duplicate: true };
  throw new RuntimeError('COMMAND_CONFLICT', `command ${commandId} was another one`, {
    details: { sequence: receipt.result.sequence },
  });
}

const isSameSecret = ({ fingerprint }: Receipt, { command }: CommandArrival): boolean =>
  command.type === 'request.respond' && fingerprint === secretFingerprintOf(command);

function accepted(intake: Intake, arrival: CommandArrival): CommandResult | Applied {
  const { command, commandId } = arrival;
  const {
    input,
    applied,
    fingerprint = arrival.fingerprint,
  } = command.type === 'thread.create'
    ? create(intake, command, arrival)
    : onThread(intake, command, arrival);
  if (applied.thrown !== null) return applied;
  const { thread, entry } = applied;
  noteSharedFolder(intake, applied);
  const activeTurnId = thread.context.activeTurn?.turnId ?? null;
  const threadId = madeBy(input) ?? thread.threadId;
  const result = resultOf(input, entry.facts, { sequence: entry.sequence, threadId, activeTurnId });
  intake.staging.receipts.set(commandId, { commandId, threadId, fingerprint, result });
  return { ...result, duplicate: false };
}

/** The other thread that the command is about. */
function madeBy(input: CommandInput): ThreadId | null {
  if (input.type === 'thread.fork') return input.create.threadId;
  return input.type === 'task.delegate' ? input.task.threadId : null;
}

interface Done {
  readonly input: CommandInput;
  readonly applied: Applied;
  /** Instead of the command's own. */
  readonly fingerprint?: string;
}

function create(intake: Intake, command: CommandOf<'thread.create'>, { commandId }: CommandArrival): Done {
  const { type: _, threadId: asked, checkpoints, worktree, ...rest } = command;
  const settings = checkpoints && intake.parts.hasHistory ? { ...rest, checkpoints } : rest;
  const input = {
    ...newThread(intake, asked, settings),
    lineage: null,
    opening: RESUME,
    ...(worktree && { worktree }),
  };
  return { input, applied: intake.create(input.threadId, input, commandId) };
}

type ThreadCommand = Exclude<CommandArrival['command'], { type: 'thread.create' }>;

function onThread(intake: Intake, command: ThreadCommand, { commandId }: CommandArrival): Done {
  const thread = threadOf(intake, command);
  if (thread === null) {
    throw new RuntimeError('THREAD_NOT_FOUND', `there is no thread ${command.threadId}`);
  }
  const { requests } = thread.projection;
  const input = inputOn(intake, thread, command);
  refuse(intake, thread, { type: command.type, input });
  if ('rollback' in input) checkRollback(thread.projection, input.rollback);
  checkPrompt(intake.parts, command, thread.context.settings.cwd);
  if (command.type === 'request.respond' && input.type === 'request.respond') {
    const kept = keptInput(input, requests.get(input.requestId));
    if (kept !== input) return answerSecretly(intake, { thread, input, kept, command, commandId });
  }
  return { input, applied: intake.apply(thread, input, { commandId, isDecided: true }) };
}

function inputOn(intake: Intake, thread: LoadedThread, command: ThreadCommand): CommandInput {
  if (command.type === 'thread.fork') return forkInput(intake, thread, command);
  if (command.type === 'task.delegate') return delegateInput(intake, thread, command);
  if (command.type === 'thread.mergeBack') return mergeInput(intake, thread, command);
  const { requests } = thread.projection;
  return inputOf(command, {
    context: thread.context,
    newTurnId: () => intake.newTurnId(),
    request: (id) => requests.get(id) ?? null,
    rows: thread.projection,
    capabilities: (instanceId) => capabilitiesOf(intake, instanceId),
  });
}

type Respond = ThreadInputOf<'request.respond'>;

/** The input as it is journaled: the charts step the same, live and at each replay. */
function keptInput(input: Respond, request: RequestRow | undefined): Respond {
  if (request === undefined) return input;
  const answer = keptAnswer(request.body, input.answer);
  return answer === input.answer ? input : { ...input, answer };
}

interface SecretAnswer {
  readonly thread: LoadedThread;
  readonly input: Respond;
  readonly kept: Respond;
  readonly command: CommandOf<'request.respond'>;
  readonly commandId: CommandId;
}

/** Only the staged effect has the secret: where the server ends before its release, the provider has to ask again. */
function answerSecretly(intake: Intake, { thread, input, kept, command, commandId }: SecretAnswer): Done {
  const applied = intake.apply(thread, kept, { commandId, isDecided: true });
  intake.staging.reveal(thread.threadId, input.requestId, input.answer);
  return { input: kept, applied, fingerprint: secretFingerprintOf(command) };
}

/** @throws {RuntimeError} THREAD_QUARANTINED for everything but a delete */
function threadOf({ parts }: Intake, { type, threadId }: { type: string; threadId: ThreadId }) {
  try {
    return parts.threads.get(threadId);
  } catch (error) {
    if (type !== 'thread.delete' || parts.threads.quarantine(threadId) === null) throw error;
    return parts.threads.standIn(threadId);
  }
}

function refuse(
  intake: Intake,
  thread: LoadedThread,
  { type, input }: { type: string; input: CommandInput },
): void {
  const request =
    input.type === 'request.respond' ? (thread.projection.requests.get(input.requestId) ?? null) : null;
  const plan = input.type === 'turn.submit' ? planOf(intake, input.prompt) : null;
  const instance = intake.parts.instances.refusalOf(thread.context.settings.instanceId);
  const refusal = decide(thread.view, input, { request, plan, instance });
  if (refusal === null) return;
  const { code, why, details } = refusal;
  throw new RuntimeError(code, `${type} on thread ${thread.threadId}: ${why}`, details ? { details } : {});
}

/** The item that the prompt names as its plan, wherever its thread is. */
function planOf({ parts: { threads, journal } }: Intake, { sourcePlan }: Prompt): ItemRow | null {
  if (sourcePlan === undefined) return null;
  const { threadId, itemId } = sourcePlan;
  const projection = threads.peek(threadId)?.projection;
  const state = projection?.state ?? journal.threadState(threadId);
  if (state?.removal !== 'none') return null;
  return (projection === undefined ? journal.item(threadId, itemId) : projection.items.get(itemId)) ?? null;
}
