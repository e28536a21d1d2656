/** A prompt that was sent from here, followed to the end of its turn. */
import type { Fact, FactEvent } from '../../machines/domain/fact.ts';
import type { ThreadId, TurnId } from '../../machines/domain/ids.ts';
import { RuntimeError, type Failure } from '../../machines/domain/error.ts';
import type { TurnRow } from '../../machines/domain/turn.ts';
import type { ResyncReason } from '../gateway/frame.ts';
import type { Client, GivenCommand } from '../client/client.ts';
import type { ThreadView } from '../client/thread-view.ts';
import type { ClientFlags } from './connection.ts';
import { Questions } from './questions.ts';
import type { Terminal } from './terminal.ts';
import { Transcript } from './transcript.ts';
import { waitingFor } from './waiting-for.ts';
import { WholeEvents } from './whole-events.ts';

type Submit = Extract<GivenCommand, { type: 'turn.submit' }>;

export interface SentTurnParts {
  readonly client: Client;
  readonly threadId: ThreadId;
  readonly terminal: Terminal;
  readonly flags: ClientFlags;
}

/** `cancelled`: the prompt was taken out of the queue. */
export interface SentTurnEnd {
  readonly status: TurnRow['status'] | 'cancelled';
  readonly failure: Failure | null;
}

/** Shows what is new in the thread, lets the person answer, and turns Ctrl-C into an interrupt. */
export class SentTurn {
  readonly #parts: SentTurnParts;
  readonly #transcript: Transcript;
  readonly #questions: Questions;
  readonly #done = Promise.withResolvers<SentTurnEnd | null>();
  readonly #followed = Promise.withResolvers<void>();
  readonly #ends = new Map<TurnId, SentTurnEnd>();
  #view: ThreadView | null = null;
  #turnId: TurnId | null = null;
  #isLost = false;
  #wasInterrupted = false;

  constructor(parts: SentTurnParts) {
    const { client, threadId, terminal, flags } = parts;
    this.#parts = parts;
    this.#transcript = new Transcript(terminal, threadId, flags);
    this.#questions = new Questions(terminal, async (requestId, answer) => {
      await client.dispatch({ type: 'request.respond', threadId, requestId, ...answer });
    });
  }

  /** How the turn has ended; `null`: the person has left it alone. @throws {RuntimeError} the refusal of the prompt */
  async run(prompt: Submit): Promise<SentTurnEnd | null> {
    const { client, threadId, terminal } = this.#parts;
    const onSignal = (): void => this.#onSignal();
    terminal.signals.on('SIGINT', onSignal);
    const events = new WholeEvents(
      { client, threadId },
      {
        onError: (error) => this.#done.reject(error),
        onEvent: (event) => this.#show(event, events.view),
        onView: (view) => this.#look(view),
        onResync: (reason) => this.#startOver(reason),
      },
    );
    try {
      void this.#submit(prompt).catch((error: unknown) => this.#done.reject(error));
      return await this.#done.promise;
    } finally {
      terminal.signals.off('SIGINT', onSignal);
      events.end();
      terminal.wait(null);
    }
  }

  async #submit(prompt: Submit): Promise<void> {
    const { client, terminal } = this.#parts;
    // what the prompt does comes as events then, and not as a part of the first snapshot
    await this.#followed.promise;
    const result = await client.dispatch(prompt);
    const turnId = result.turnId ?? result.queueEntryId;
    if (turnId === undefined) throw new RuntimeError('INTERNAL', 'the server named no turn');
    if (result.queueEntryId !== undefined) terminal.note(`[queued as ${turnId}]`);
    this.#turnId = turnId;
    if (this.#wasInterrupted) await this.#interrupt(turnId);
    this.#check();
  }

  #show(event: FactEvent, now: ThreadView | null): void {
    this.#transcript.show(event);
    const { fact } = event;
    // one that was told late may be closed by now
    if (fact.type === 'request.opened' && now?.requests.get(fact.request.requestId)?.status === 'open')
      this.#questions.add(fact.request);
    if (fact.type === 'request.closed' || fact.type === 'request.answering')
      this.#questions.drop(fact.requestId);
    this.#note(fact);
  }

  /** How turns and prompts end: of those that have ended the view may hold the latest only. */
  #note(fact: Fact): void {
    if (fact.type === 'turn.steered' && fact.steerId === this.#turnId) this.#turnId = fact.turnId;
    if (fact.type === 'turn.ended')
      this.#ends.set(fact.turnId, { status: fact.outcome, failure: fact.failure });
    if (fact.type === 'queue.removed' && fact.reason === 'cancelled')
      this.#ends.set(fact.queueEntryId, { status: 'cancelled', failure: null });
    if (fact.type === 'thread.deleted')
      this.#done.reject(new RuntimeError('THREAD_DELETED', `thread ${this.#parts.threadId} was deleted`));
  }

  #look(view: ThreadView): void {
    this.#view = view;
    this.#followed.resolve();
    this.#parts.terminal.wait(this.#questions.isAsking ? null : waitingFor(view));
    this.#check();
  }

  #startOver(reason: ResyncReason): void {
    this.#transcript.startOver(reason);
    this.#ends.clear();
    this.#isLost = true;
  }

  /** The view has ends that were told before this program came. */
  #check(): void {
    const turnId = this.#turnId;
    if (turnId === null || this.#view === null) return;
    const turn = this.#view.turns.get(turnId);
    const end = this.#ends.get(turnId) ?? (turn === undefined || turn.endedAt === null ? null : turn);
    if (end !== null) this.#done.resolve(end);
    else if (this.#isLost && turn === undefined && !isQueued(this.#view, turnId)) {
      const what = `the journal of ${this.#parts.threadId} does not know turn ${turnId} any more`;
      this.#done.reject(new RuntimeError('SERVER_RESTARTED', what));
    }
  }

  /** The first one ends the turn, the second one only this program. */
  #onSignal(): void {
    if (this.#wasInterrupted) return this.#done.resolve(null);
    this.#wasInterrupted = true;
    this.#parts.terminal.note('[interrupting; Ctrl-C again leaves the thread alone]');
    if (this.#turnId !== null) void this.#interrupt(this.#turnId);
  }

  async #interrupt(turnId: TurnId): Promise<void> {
    const { client, threadId, terminal } = this.#parts;
    try {
      await client.dispatch({ type: 'turn.interrupt', threadId, turnId });
    } catch (error) {
      terminal.note(`[not interrupted] ${error instanceof Error ? error.message : String(error)}`);
    }
  }
}

const isQueued = ({ state }: ThreadView, turnId: TurnId): boolean =>
  state?.queue.entries.some((entry) => entry.turnId === turnId) ?? false;
