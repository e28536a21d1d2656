/** A thread's events without holes: what a `resync` skips is read from the journal and told in its place. */
import { RuntimeError } from '../../machines/domain/error.ts';
import type { FactEvent } from '../../machines/domain/fact.ts';
import type { Client, Following } from '../client/client.ts';
import type { ThreadView } from '../client/thread-view.ts';
import type { ResyncReason } from '../gateway/frame.ts';
import type { ResultOf } from '../gateway/protocol.ts';

export interface WholeListener {
  /** Each event once, in order; of text that was pruned only its whole. */
  readonly onEvent?: (event: FactEvent) => void;
  /** After the events that are part of it. */
  readonly onView?: (view: ThreadView) => void;
  /** The journal is not the one that was followed: what was told may not be so, and everything is told again. */
  readonly onResync?: (reason: ResyncReason) => void;
  readonly onError: (error: RuntimeError) => void;
}

export interface WholeEventsOptions {
  readonly client: Client;
  readonly threadId: string;
  /** Tells events after this version. Default: after the first snapshot. */
  readonly after?: number;
  readonly deltas?: boolean;
}

interface Gap {
  readonly from: number;
  readonly to: number;
}

/** In the order in which it is told. */
type Step = FactEvent | Gap | { readonly view: ThreadView } | { readonly reason: ResyncReason };

/** The client was too slow or away for too long; the journal goes on as it was. */
const SKIPPING: ReadonlySet<ResyncReason> = new Set(['lagging', 'pruned']);

export class WholeEvents {
  /** As it is now; the events may be behind it. */
  view: ThreadView | null = null;
  readonly #options: WholeEventsOptions;
  readonly #listener: WholeListener;
  readonly #following: Following;
  readonly #steps: Step[] = [];
  /** The version to read on from, where something was skipped. */
  #skippedFrom: number | null;
  #start: number | null;
  #isTelling = false;
  #hasEnded = false;

  constructor(options: WholeEventsOptions, listener: WholeListener) {
    this.#options = options;
    this.#listener = listener;
    this.#start = options.after ?? null;
    this.#skippedFrom = this.#start;
    const { client, threadId, deltas = true } = options;
    this.#following = client.subscribeThread(threadId, {
      deltas,
      onError: (error) => this.#fail(error),
      onResync: (reason) => this.#skip(reason),
      onEvent: (event) => {
        this.#reach(event.version - 1);
        this.#add(event);
      },
      onView: (view) => this.#look(view),
    });
  }

  end(): void {
    this.#hasEnded = true;
    this.#following.end();
  }

  #skip(reason: ResyncReason): void {
    if (SKIPPING.has(reason)) this.#skippedFrom ??= this.view?.version ?? this.#start;
    else {
      this.#skippedFrom = this.#start;
      this.#add({ reason });
    }
  }

  #look(view: ThreadView): void {
    this.view = view;
    this.#start ??= view.version;
    this.#reach(view.version);
    this.#add({ view });
  }

  /** Everything up to this version has to be told before what comes next. */
  #reach(to: number): void {
    const from = this.#skippedFrom;
    this.#skippedFrom = null;
    if (from !== null && from < to) this.#add({ from, to });
  }

  #add(step: Step): void {
    this.#steps.push(step);
    if (!this.#isTelling) void this.#tellAll();
  }

  async #tellAll(): Promise<void> {
    this.#isTelling = true;
    for (let step = this.#steps.shift(); step !== undefined; step = this.#steps.shift()) {
      if (this.#hasEnded) return;
      if ('from' in step) await this.#fill(step).catch((error: unknown) => this.#fail(error));
      else this.#tell(step);
    }
    this.#isTelling = false;
  }

  #tell(step: Exclude<Step, Gap>): void {
    const { onEvent, onView, onResync } = this.#listener;
    if ('fact' in step) onEvent?.(step);
    else if ('view' in step) onView?.(step.view);
    else onResync?.(step.reason);
  }

  async #fill({ from, to }: Gap): Promise<void> {
    for (let after: number | null = from; after !== null && after < to && !this.#hasEnded;) {
      const { events, next }: ResultOf<'orchestration.readEvents'> = await this.#read(after);
      for (const event of events) if (event.version <= to) this.#tell(event);
      after = next;
    }
  }

  async #read(after: number): Promise<ResultOf<'orchestration.readEvents'>> {
    const { client, threadId } = this.#options;
    for (;;) {
      try {
        return await client.call('orchestration.readEvents', { threadId, after });
      } catch (error) {
        // the connection comes back by itself
        if (!(error instanceof RuntimeError) || error.code !== 'CONNECTION_LOST') throw error;
      }
    }
  }

  #fail(error: unknown): void {
    if (this.#hasEnded) return;
    this.#listener.onError(
      error instanceof RuntimeError ? error : new RuntimeError('INTERNAL', String(error), { cause: error }),
    );
  }
}
