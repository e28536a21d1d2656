/** What a provider says on its way into the staging: parsed, named by look-ups, fenced. */
import { newDrawn } from '../../machines/charts.ts';
import { requestIdSchema, type TurnId } from '../../machines/domain/ids.ts';
import {
  threadInputSchema,
  type CutInput,
  type DeltaInput,
  type ThreadInput,
} from '../../machines/domain/input.ts';
import { instanceInputSchema } from '../../machines/domain/instance.ts';
import { itemDraftSchema, type ItemKind } from '../../machines/domain/item.ts';
import { resolve } from '../../machines/domain/resolve.ts';
import { connectionIdIn } from '../../machines/thread-turns.ts';
import { ownerOf } from './commands.ts';
import type { Arrival } from './ingress.ts';
import type { LoadedThread } from './loaded-thread.ts';
import { refusalOf } from './refusal.ts';
import type { Intake } from './take.ts';

type ArrivalOf<K extends Arrival['kind']> = Extract<Arrival, { kind: K }>;

export function takeProvider(intake: Intake, arrival: ArrivalOf<'provider'>): void {
  const { threadId, instanceId, input: given } = arrival;
  const thread = intake.thread(threadId);
  if (thread === null) {
    refuse(intake, arrival);
    return intake.parts.warn('a provider speaks of a thread that is not there', {
      threadId,
      instanceId,
      type: given.type,
    });
  }
  if (given.type === 'provider.textCut') return takeCut(intake, thread, given);
  const { context, turn, projection } = thread;
  const input = threadInputSchema.safeParse(
    resolve(given, {
      thread: context,
      turn,
      byNative: (nativeTurnId) => turnByNative(intake, thread, nativeTurnId),
      ownerOf: (id) => ownerOf(projection.requests.get(requestIdSchema.parse(id)) ?? null, context),
      item: (id) => projection.items.get(id),
      newTurnId: () => intake.newTurnId(),
    }),
  );
  if (!input.success) {
    refuse(intake, arrival);
    sayMalformed(intake, { threadId, instanceId, type: given.type, issues: input.error.issues });
    const text = `${given.type} of the provider could not be read and was dropped`;
    return void intake.apply(thread, { type: 'runtime.warned', topic: 'provider.malformed', text });
  }
  if (isOpenAlready(thread, input.data)) {
    return intake.parts.warn('a provider asks again what it has asked already', { threadId, instanceId });
  }
  if (isProgress(thread, input.data)) thread.noteProgress(intake.staging.monotonicAt);
  intake.apply(thread, input.data);
}

/** One answer serves both; a turn cannot see what its connection or a task has open. */
function isOpenAlready({ projection }: LoadedThread, input: ThreadInput): boolean {
  if (input.type !== 'provider.requestOpened') return false;
  const known = projection.requests.get(input.request.requestId);
  return known !== undefined && known.status !== 'closed';
}

/** A request that reaches no chart is refused, or the provider would wait for ever. */
function refuse(intake: Intake, { instanceId, input }: ArrivalOf<'provider'>): void {
  const stream = { kind: 'instance', id: instanceId } as const;
  for (const effect of refusalOf(input)) intake.staging.effects.push({ stream, effect });
}

function sayMalformed({ parts }: Intake, details: Record<string, unknown>): void {
  parts.counters.malformed += 1;
  parts.warn('a provider said something of another shape than its port promises; it was dropped', details);
}

/** A turn by the provider's id, as the tick under way has left it. */
function turnByNative({ parts }: Intake, { threadId, projection }: LoadedThread, nativeTurnId: string) {
  const known = projection.turns.find((turn) => turn.nativeTurnId === nativeTurnId);
  return known ?? parts.journal.turnByNative(threadId, nativeTurnId);
}

const SPOKEN: ReadonlySet<ItemKind> = new Set(['assistant_message', 'reasoning']);

/** What the model was saying ends as far as it came. */
function takeCut(intake: Intake, thread: LoadedThread, cut: CutInput): void {
  const { connectionId, nativeTurnId, parentItemId } = cut;
  const turnId =
    cut.turnId ?? (nativeTurnId === null ? null : turnNamed(intake, thread, nativeTurnId)?.turnId);
  if (turnId === null || turnId === undefined) return;
  const open = thread.projection.openItems(turnId).filter(({ body }) => SPOKEN.has(body.kind));
  for (const row of open) {
    if ((row.parentItemId ?? null) !== parentItemId) continue;
    const item = itemDraftSchema.parse({ ...row, status: 'interrupted' });
    const place = { connectionId, turnId, attempt: row.attempt, nativeTurnId };
    intake.apply(thread, { type: 'provider.itemCompleted', ...place, item });
  }
}

function turnNamed(intake: Intake, thread: LoadedThread, nativeTurnId: string) {
  const { turn } = thread;
  return turn?.nativeTurnId === nativeTurnId ? turn : turnByNative(intake, thread, nativeTurnId);
}

export function takeDelta(intake: Intake, { threadId, input }: ArrivalOf<'delta'>): void {
  const thread = intake.thread(threadId);
  if (thread === null || !isOnConnection(thread, input)) {
    intake.parts.counters.lateDeltas += 1;
    return;
  }
  const item = thread.projection.items.get(input.itemId);
  if (item === undefined) return openItem(intake, thread, input);
  if (item.status !== 'open') {
    intake.parts.counters.lateDeltas += 1;
    return;
  }
  if (isOfTurn(thread, item.turnId)) thread.noteProgress(intake.staging.monotonicAt);
  const drawn = newDrawn();
  drawn.facts.push({ type: 'item.delta', itemId: input.itemId, text: input.text });
  intake.stage(thread, { input, commandId: null, drawn, outcome: 'applied' });
}

/** Or of the setup of its working tree, before the first one. */
const isOnConnection = ({ context }: LoadedThread, { connectionId }: DeltaInput): boolean =>
  (context.link.phase !== 'none' || context.worktree?.status === 'making') &&
  connectionId === connectionIdIn(context);

/** A provider may go on in the middle of an item that it began before we listened. */
function openItem(intake: Intake, thread: LoadedThread, { connectionId, itemId, text }: DeltaInput): void {
  const turnId = thread.context.activeTurn?.turnId ?? null;
  const body = { kind: 'assistant_message' } as const;
  const item = { itemId, body, text, status: 'open' } as const;
  const place = { connectionId, turnId, attempt: thread.turn?.attempt ?? 0, nativeTurnId: null };
  if (isOfTurn(thread, turnId)) thread.noteProgress(intake.staging.monotonicAt);
  intake.apply(thread, { type: 'provider.itemStarted', ...place, item });
}

/** What pushes the deadline of a silent turn: items and deltas, no heartbeats, no commands, and no word of a retry. */
function isProgress(thread: LoadedThread, input: ThreadInput): boolean {
  if (!('item' in input) || input.item.body.kind === 'notice') return false;
  return isOfTurn(thread, input.turnId);
}

/** Of the turn that is watched, or of a side turn that holds up the start of one. */
function isOfTurn({ turn }: LoadedThread, turnId: TurnId | null): boolean {
  return turn !== null && (turnId === null || turnId === turn.turnId || !turn.started);
}

export function takeInstance(intake: Intake, { instanceId, input: given }: ArrivalOf<'instance'>): void {
  const instance = intake.parts.instances.get(instanceId);
  if (instance === null) return;
  const input = instanceInputSchema.safeParse(given);
  if (!input.success) {
    return sayMalformed(intake, { instanceId, type: given.type, issues: input.error.issues });
  }
  intake.applyInstance(instance, input.data, 0);
}
