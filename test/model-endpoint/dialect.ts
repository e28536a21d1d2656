/** How a reply looks on the wire of one API. */
import type { MakeId, OutputStep, StreamEvent, Usage } from './step.ts';

/** An event of the reply and the pause before it. */
export interface TimedEvent {
  readonly event: StreamEvent;
  readonly delayMs: number;
}

/** One reply, from its first event to its last. */
export interface DialectReply {
  /** The event that opens it. */
  start(usage: Usage): StreamEvent;
  /** The events for one step, in the order in which the API sends them. */
  output(step: OutputStep): Iterable<TimedEvent>;
  /** The events that end it well. */
  end(usage: Usage): Iterable<StreamEvent>;
}

export interface Dialect {
  /** After one of these the reply is over. */
  readonly lastEventTypes: ReadonlySet<string>;
  reply(makeId: MakeId): DialectReply;
  /** An error of a status in the form of the API. */
  errorBody(status: number, message: string): object;
  /** An event on the wire; default: named by its type, with itself as the data. */
  readonly encode?: (event: StreamEvent) => string;
}

/** Cut between code points: half a surrogate pair is not valid JSON for every reader. */
export function* chunks(text: string, chunkLength = Infinity): Iterable<string> {
  const characters = Array.from(text);
  for (let start = 0; start < characters.length; start += chunkLength) {
    yield characters.slice(start, start + chunkLength).join('');
  }
}
