import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { z } from 'zod';
import type { Entry } from '../../machines/domain/entry.ts';
import { RuntimeError } from '../../machines/domain/error.ts';
import { ENTRY_FORMAT } from '../../machines/domain/upcast.ts';
import { crcOf } from './crc.ts';
import { isPlainDelta } from './delta-facts.ts';
import { columnsThemselves, Query } from './query.ts';
import { factsToJson } from './shared-text.ts';

interface Head {
  readonly streamId: number;
  version: number;
}

/** More streams than this are not kept in memory; they are looked up again. */
const HEADS_LIMIT = 20_000;

const numberSchema = z.object({ value: z.number().nullable() });
const headSchema = z.object({ streamId: z.number(), version: z.number() });

/** Writes entries inside the tick's transaction and knows where the journal and its streams end. */
export class EntryAppender {
  readonly #insert: StatementSync;
  readonly #insertStream: StatementSync;
  readonly #insertHash: StatementSync;
  readonly #notePrunable: StatementSync;
  readonly #lastSequence: Query<z.infer<typeof numberSchema>>;
  readonly #head: Query<z.infer<typeof headSchema>>;
  readonly #hashId: Query<z.infer<typeof numberSchema>>;
  readonly #heads = new Map<string, Head>();
  readonly #hashIds = new Map<string, number>();
  /** `null`: to be read from the database. */
  #sequence: number | null = null;

  constructor(sqlite: DatabaseSync) {
    this.#insert = sqlite.prepare('insert into entries values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)');
    this.#insertStream = sqlite.prepare('insert into streams (kind, name) values (?, ?)');
    this.#insertHash = sqlite.prepare('insert into machine_hashes (hash) values (?)');
    this.#notePrunable = sqlite.prepare(
      'insert or ignore into prunable (stream_id, base_version, based_at) values (?, ?, ?)',
    );
    const plain = { schema: numberSchema, toValue: columnsThemselves };
    this.#lastSequence = new Query(sqlite, {
      ...plain,
      table: 'entries',
      sql: `select 'last' as key, max(
              coalesce((select max(sequence) from entries), 0),
              coalesce((select max(last_sequence) from streams where last_sequence is not null), 0)
            ) as value`,
    });
    this.#hashId = new Query(sqlite, {
      ...plain,
      table: 'machine_hashes',
      sql: 'select hash as key, hash_id as value from machine_hashes where hash = ?',
    });
    this.#head = new Query(sqlite, {
      table: 'streams',
      schema: headSchema,
      toValue: columnsThemselves,
      sql: `select name as key, stream_id as streamId,
              max(
                coalesce((select max(version) from entries e where e.stream_id = s.stream_id), 0),
                coalesce(last_version, 0)
              ) as version
            from streams s where kind = ? and name = ?`,
    });
  }

  lastSequence(): number {
    this.#sequence ??= this.#lastSequence.one()?.value ?? 0;
    return this.#sequence;
  }

  append(entries: readonly Entry[]): void {
    if (this.#heads.size > HEADS_LIMIT) this.#heads.clear();
    for (const entry of entries) this.#append(entry);
  }

  /** After a rollback: what is known of the ends may be wrong. */
  forget(): void {
    this.#sequence = null;
    this.#heads.clear();
    this.#hashIds.clear();
  }

  #append(entry: Entry): void {
    const head = this.#headOf(entry);
    checkPlace(entry, { sequence: this.lastSequence() + 1, version: head.version + 1 });
    const { sequence, version, kind, outcome, at, commandId } = entry;
    const { streamId } = head;
    const hashId = this.#hashIdOf(entry.machineHash);
    const input = JSON.stringify(entry.input);
    const facts = isPlainDelta(entry) ? null : factsToJson(entry.facts, entry.input, input);
    const row = [
      sequence,
      streamId,
      version,
      kind,
      outcome,
      at,
      hashId,
      ENTRY_FORMAT,
      commandId,
      input,
      facts,
    ];
    this.#insert.run(...row, crcOf(...row));
    if (kind === 'base' && outcome === 'applied') this.#notePrunable.run(streamId, version, at);
    this.#sequence = entry.sequence;
    head.version = entry.version;
  }

  #headOf({ kind, stream }: Entry): Head {
    const streamKind = kind === 'instance' ? 'instance' : 'thread';
    const word = `${streamKind} ${stream}`;
    const known = this.#heads.get(word);
    if (known !== undefined) return known;
    const head: Head = this.#head.one(streamKind, stream) ?? {
      streamId: Number(this.#insertStream.run(streamKind, stream).lastInsertRowid),
      version: 0,
    };
    this.#heads.set(word, head);
    return head;
  }

  #hashIdOf(hash: string): number {
    const known = this.#hashIds.get(hash);
    if (known !== undefined) return known;
    const hashId = this.#hashId.one(hash)?.value ?? Number(this.#insertHash.run(hash).lastInsertRowid);
    this.#hashIds.set(hash, hashId);
    return hashId;
  }
}

/** A gap is a defect of the caller: nothing of its tick is written. */
function checkPlace(entry: Entry, expected: { sequence: number; version: number }): void {
  if (entry.sequence === expected.sequence && entry.version === expected.version) return;
  const found = { sequence: entry.sequence, version: entry.version };
  throw new RuntimeError(
    'INTERNAL',
    `entry ${found.sequence} (version ${found.version} of ${entry.stream}) does not continue the journal: ` +
      `expected ${expected.sequence} (version ${expected.version})`,
    { details: { stream: entry.stream, found, expected } },
  );
}
