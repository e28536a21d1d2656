/** A client that remembers what it asked for, was told and has seen, across the deaths of the server. */
import type { CommandResult } from '../../machines/domain/command.ts';
import { evolve } from '../../machines/domain/evolve.ts';
import type { RuntimeError } from '../../machines/domain/error.ts';
import type { ThreadId } from '../../machines/domain/ids.ts';
import type { CommittedEntry, CommittedTick } from '../../server/runtime/api.ts';
import { canonicalJson } from '../../server/runtime/fingerprint.ts';
import { MapTables } from './map-tables.ts';
import type { RuntimeRun } from './start-runtime.ts';

export interface Asked {
  readonly id: string;
  readonly command: Readonly<Record<string, unknown>>;
  /** `null`: never heard of. */
  result: CommandResult | null;
  error: RuntimeError | null;
}

interface Followed {
  version: number;
  readonly tables: MapTables;
}

/** What has been answered has reached the client. */
export async function answersHeard(): Promise<void> {
  for (let hop = 0; hop < 3; hop += 1) await Promise.resolve();
}

export class ScriptedClient {
  readonly asked: Asked[] = [];
  /** What the server did and must not. */
  readonly failures: string[] = [];
  readonly #threads = new Map<ThreadId, Followed>();
  #run: RuntimeRun | null = null;

  /** Goes on with this run of the server: reads what it has missed, then listens. */
  connect(run: RuntimeRun): void {
    this.#run = run;
    const { reads } = run.runtime;
    for (const { threadId } of this.#all(run)) {
      const followed = this.#followed(threadId);
      const options = { limit: 1_000_000, deltas: true };
      for (const entry of reads.entries(threadId, followed.version, options).entries)
        this.#see(threadId, entry);
    }
    run.runtime.onCommitted((tick) => this.#seeTick(run, tick));
  }

  /** The server is gone; what it still says is not heard. */
  disconnect(): void {
    this.#run = null;
  }

  send(command: Record<string, unknown>): Asked {
    const asked: Asked = { id: `c${this.asked.length + 1}`, command, result: null, error: null };
    this.asked.push(asked);
    this.sendAgain(asked);
    return asked;
  }

  /** With the id of the first time. */
  sendAgain(asked: Asked): void {
    const run = this.#run;
    if (run === null) throw new Error('the client is not connected');
    void run.send(asked.command, asked.id).then((outcome) => {
      if (this.#run !== run) return;
      if ('error' in outcome) asked.error = outcome.error;
      else this.#heard(asked, outcome.result);
    });
  }

  /** @throws when something was wrong on the way, or what was seen, folded, is not what the server shows. */
  compare(run: RuntimeRun): void {
    if (this.failures.length > 0) throw new Error(this.failures.join('\n'));
    for (const { threadId, isDeleted } of this.#all(run)) {
      const { version, tables } = this.#followed(threadId);
      if (isDeleted) continue;
      const { snapshot, version: actual } = run.runtime.reads.snapshot(threadId, {
        before: null,
        limit: 1e6,
      });
      same(`version of ${threadId}`, version, actual);
      const { state } = tables;
      const items = [...tables.items.values()].toSorted((a, b) => a.ordinal - b.ordinal);
      same(`thread ${threadId}`, { ...state?.row, ...state?.settings }, snapshot.thread);
      same(`queue of ${threadId}`, state?.queue, snapshot.queue);
      // what is inherited is read from pages, and stands in no fact of the thread
      const own = snapshot.items.filter(({ inherited }) => inherited === undefined);
      same(`items of ${threadId}`, items, own);
      const requests = [...tables.requests.values()].filter((request) => request.status !== 'closed');
      same(`requests of ${threadId}`, sorted(requests), sorted(snapshot.requests));
      if (snapshot.turn !== null) same(`turn`, tables.turns.get(snapshot.turn.turnId), snapshot.turn);
    }
  }

  #heard(asked: Asked, result: CommandResult): void {
    const before = asked.result;
    if (before !== null) {
      const isSame =
        canonicalJson({ ...result, duplicate: true }) === canonicalJson({ ...before, duplicate: true });
      if (!isSame || !result.duplicate)
        this.failures.push(`${asked.id} was answered twice, and not as a repetition`);
    }
    asked.result ??= result;
    asked.error = null;
  }

  #seeTick(run: RuntimeRun, tick: CommittedTick): void {
    if (this.#run !== run) return;
    for (const { threadId, entries } of tick.threads) for (const entry of entries) this.#see(threadId, entry);
  }

  #see(threadId: ThreadId, { version, sequence, at, facts }: Omit<CommittedEntry, 'kind'>): void {
    const followed = this.#followed(threadId);
    if (version !== followed.version + 1) {
      this.failures.push(`${threadId}: version ${version} comes after ${followed.version}`);
    }
    followed.version = version;
    for (const fact of facts) evolve(followed.tables, { sequence, version, at, fact });
  }

  #followed(threadId: ThreadId): Followed {
    const known = this.#threads.get(threadId) ?? { version: 0, tables: new MapTables() };
    this.#threads.set(threadId, known);
    return known;
  }

  #all(run: RuntimeRun): { threadId: ThreadId; isDeleted: boolean }[] {
    return run.journal.threadIds().map((threadId) => ({
      threadId,
      isDeleted: run.journal.threadState(threadId)?.removal !== 'none',
    }));
  }
}

const sorted = (rows: readonly { readonly requestId: string }[]) =>
  rows.toSorted((a, b) => (a.requestId < b.requestId ? -1 : 1));

function same(what: string, actual: unknown, expected: unknown): void {
  const left = canonicalJson(JSON.parse(JSON.stringify({ value: actual })));
  const right = canonicalJson(JSON.parse(JSON.stringify({ value: expected })));
  if (left !== right) throw new Error(`${what}\n  client ${left}\n  server ${right}`);
}
