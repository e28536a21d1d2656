/** A prompt that was sent from here, followed to the end of its turn. */
import type { FactEvent } from '../../machines/domain/fact.ts';
import type { ThreadId, TurnId } from '../../machines/domain/ids.ts';
import { RuntimeError } from '../../machines/domain/error.ts';
import type { TurnRow } from '../../machines/domain/turn.ts';
import type { Client, GivenCommand } from '../client/client.ts';
import type { ThreadView } from '../client/thread-view.ts';
import type { ClientFlags } from './connection.ts';
import { Questions } from './questions.ts';
import type { Terminal } from './terminal.ts';
import { Transcript } from './transcript.ts';
import { waitingFor } from './waiting-for.ts';

type Submit = Extract<GivenCommand, { type: 'turn.submit' }>;

export interface SentTurnParts {
  readonly client: Client;
  readonly threadId: ThreadId;
  readonly terminal: Terminal;
  readonly flags: ClientFlags;
}

/** Shows what is new in the thread, lets the person answer, and turns Ctrl-C into an interrupt. */
export class SentTurn {
  readonly #parts: SentTurnParts;
  readonly #transcript: Transcript;
  readonly #questions: Questions;
  readonly #done = Promise.withResolvers<TurnRow | null>();
  #view: ThreadView | null = null;
  #turnId: TurnId | null = null;
  #wasInterrupted = false;

  constructor(parts: SentTurnParts) {
    const { client, threadId, terminal, flags } = parts;
    this.#parts = parts;
    this.#transcript = new Transcript(terminal, threadId, flags);
    this.#questions = new Questions(terminal, async (requestId, answer) => {
      await client.dispatch({ type: 'request.respond', threadId, requestId, ...answer });
    });
  }

  /** The turn when it has ended; `null`: the person has left it alone. @throws {RuntimeError} the refusal of the prompt */
  async run(prompt: Submit): Promise<TurnRow | null> {
    const { client, threadId, terminal } = this.#parts;
    const onSignal = (): void => this.#onSignal();
    terminal.signals.on('SIGINT', onSignal);
    // a refusal of the prompt comes first, and is what the user is told
    this.#done.promise.catch(() => undefined);
    const following = client.subscribeThread(threadId, {
      onError: (error) => this.#done.reject(error),
      onEvent: (event) => this.#show(event),
      onView: (view) => this.#look(view),
    });
    try {
      void this.#submit(prompt).catch((error: unknown) => this.#done.reject(error));
      return await this.#done.promise;
    } finally {
      terminal.signals.off('SIGINT', onSignal);
      following.end();
      terminal.wait(null);
    }
  }

  async #submit(prompt: Submit): Promise<void> {
    const { client, terminal } = this.#parts;
    const result = await client.dispatch(prompt);
    const turnId = result.turnId ?? result.queueEntryId;
    if (turnId === undefined) throw new RuntimeError('INTERNAL', 'the server named no turn');
    if (result.queueEntryId !== undefined) terminal.note(`[queued as ${turnId}]`);
    this.#turnId = turnId;
    if (this.#wasInterrupted) await this.#interrupt(turnId);
    this.#check();
  }

  #show(event: FactEvent): void {
    this.#transcript.show(event);
    const { fact } = event;
    if (fact.type === 'request.opened') this.#questions.add(fact.request);
    if (fact.type === 'request.closed' || fact.type === 'request.answering')
      this.#questions.drop(fact.requestId);
  }

  #look(view: ThreadView): void {
    this.#view = view;
    this.#parts.terminal.wait(this.#questions.isAsking ? null : waitingFor(view));
    this.#check();
  }

  /** The view is looked at, not the events: after a `resync` some of them never come. */
  #check(): void {
    const turn = this.#turnId === null ? undefined : this.#view?.turns.get(this.#turnId);
    if (turn !== undefined && turn.endedAt !== null) this.#done.resolve(turn);
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
