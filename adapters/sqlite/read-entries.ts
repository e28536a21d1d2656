import type { DatabaseSync } from 'node:sqlite';
import { z } from 'zod';
import {
  baseSchema,
  instanceEntrySchema,
  threadEntrySchema,
  type InstanceEntry,
  type ThreadEntry,
} from '../../machines/domain/entry.ts';
import {
  instanceIdSchema,
  threadIdSchema,
  type InstanceId,
  type ThreadId,
} from '../../machines/domain/ids.ts';
import { upcast, type StoredEntry } from '../../machines/domain/upcast.ts';
import type { ReadOptions } from '../../machines/ports/journal.ts';
import { factsOfDelta } from './delta-facts.ts';
import { columnsThemselves, parseJson, Query, type Columns } from './query.ts';
import { factsFromJson } from './shared-text.ts';

const ENTRIES = `
  select sequence as key, sequence, stream_id, version, e.kind, outcome, at, hash_id, format, command_id, input,
    facts, crc, hash, name
  from streams s join entries e using (stream_id) join machine_hashes using (hash_id)
  where s.kind = ? and name = ?`;
/** In the order in which the checksum is made of them. */
export const CHECKED = [
  'sequence',
  'stream_id',
  'version',
  'kind',
  'outcome',
  'at',
  'hash_id',
  'format',
  'command_id',
  'input',
  'facts',
];
const AFTER = 'and version > ? order by version limit ?';

/** More entries than this are not gone through to find the streams that changed. */
const SCAN_LIMIT = 20_000;

const placeSchema = z.object({ sequence: z.number(), version: z.number() });
type Place = z.infer<typeof placeSchema>;

const basedSchema = z.object({ version: z.number(), base: baseSchema });
type Based = z.infer<typeof basedSchema>;

/** Reads the streams of the journal. Entries of older releases are lifted before they are parsed. */
export class EntryReader {
  readonly #all: Query<ThreadEntry>;
  readonly #butDeltas: Query<ThreadEntry>;
  readonly #newestBase: Query<Based>;
  readonly #ofInstance: Query<InstanceEntry>;
  readonly #placeAtOrBelow: Query<Place>;
  readonly #threadIds: Query<ThreadId>;
  readonly #instanceIds: Query<InstanceId>;
  readonly #changedByScan: Query<ThreadId>;
  readonly #changedByStream: Query<ThreadId>;

  constructor(sqlite: DatabaseSync) {
    const entries = { table: 'entries', toValue: entryOf, checked: CHECKED };
    const ofThread = (sql: string): Query<ThreadEntry> =>
      new Query(sqlite, { ...entries, schema: threadEntrySchema, sql });
    const threads = (sql: string): Query<ThreadId> =>
      new Query<ThreadId>(sqlite, { table: 'streams', schema: threadIdSchema, toValue: nameOf, sql });
    this.#all = ofThread(`${ENTRIES} ${AFTER}`);
    this.#butDeltas = ofThread(`${ENTRIES} and e.kind <> 'delta' ${AFTER}`);
    this.#newestBase = new Query(sqlite, {
      table: 'entries',
      schema: basedSchema,
      toValue: basedOf,
      checked: CHECKED,
      sql: `${ENTRIES} and e.kind = 'base' and outcome = 'applied' order by version desc limit 1`,
    });
    this.#ofInstance = new Query(sqlite, {
      ...entries,
      schema: instanceEntrySchema,
      sql: `${ENTRIES} ${AFTER}`,
    });
    this.#placeAtOrBelow = new Query(sqlite, {
      table: 'entries',
      schema: placeSchema,
      toValue: columnsThemselves,
      sql: `select sequence as key, sequence, version from streams s join entries using (stream_id)
            where s.kind = ? and name = ? and version <= ? order by version desc limit 1`,
    });
    this.#threadIds = threads(
      `select name as key from streams where kind = 'thread' and last_version is null order by stream_id`,
    );
    this.#instanceIds = new Query<InstanceId>(sqlite, {
      table: 'streams',
      schema: instanceIdSchema,
      toValue: nameOf,
      sql: `select name as key from streams where kind = 'instance' order by stream_id`,
    });
    this.#changedByScan = threads(CHANGED_BY_SCAN);
    this.#changedByStream = threads(CHANGED_BY_STREAM);
  }

  thread(threadId: ThreadId, after: number, { limit, deltas }: ReadOptions): ThreadEntry[] {
    return (deltas ? this.#all : this.#butDeltas).all('thread', threadId, after, limit);
  }

  instance(instanceId: InstanceId, after: number, limit: number): InstanceEntry[] {
    return this.#ofInstance.all('instance', instanceId, after, limit);
  }

  newestBase(threadId: ThreadId): Based | null {
    return this.#newestBase.one('thread', threadId);
  }

  threadIds(): ThreadId[] {
    return this.#threadIds.all();
  }

  instanceIds(): InstanceId[] {
    return this.#instanceIds.all();
  }

  lastVersion(kind: 'thread' | 'instance', name: string): number {
    return this.#placeAtOrBelow.one(kind, name, Number.MAX_SAFE_INTEGER)?.version ?? 0;
  }

  /** By halving: versions and sequences of a thread grow together, and only versions are indexed. */
  versionAt(threadId: ThreadId, sequence: number): number {
    let found = 0;
    let low = 0;
    let high = this.lastVersion('thread', threadId);
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      const place = this.#placeAtOrBelow.one('thread', threadId, middle);
      if (place !== null && place.sequence > sequence) high = place.version - 1;
      else low = middle;
      if (place !== null && place.sequence <= sequence) found = place.version;
    }
    return found;
  }

  /** By the entries since then, or by the last entry of each stream, whichever are fewer. */
  changedSince(sequence: number, lastSequence: number): ThreadId[] {
    const isNear = lastSequence - sequence <= SCAN_LIMIT;
    return (isNear ? this.#changedByScan : this.#changedByStream).all(sequence);
  }
}

const CHANGED_BY_SCAN = `
  select name as key from streams
  where kind = 'thread' and stream_id in (select stream_id from entries where sequence > ?)`;

const CHANGED_BY_STREAM = `
  select name as key from streams s
  where kind = 'thread' and ? <
    (select sequence from entries e where e.stream_id = s.stream_id order by version desc limit 1)`;

const nameOf = (columns: Columns): unknown => columns['key'];

function entryOf(columns: Columns): unknown {
  const { sequence, version, outcome, at, hash, command_id: commandId, name: stream } = columns;
  return { sequence, version, at, outcome, commandId, stream, machineHash: hash, ...liftedOf(columns) };
}

function basedOf(columns: Columns): unknown {
  return { version: columns['version'], base: liftedOf(columns).input };
}

function liftedOf(columns: Columns): StoredEntry {
  const input = parseJson(columns['input']);
  const facts =
    columns['facts'] === null ? factsOfDelta(input) : factsFromJson(parseJson(columns['facts']), input);
  return upcast({ kind: columns['kind'], input, facts }, Number(columns['format']));
}
