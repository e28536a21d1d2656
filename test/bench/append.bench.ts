/** How many entries a second of CPU time can be committed: `npm exec -- node test/bench/append.bench.ts`. */
import { openJournal } from '../../adapters/sqlite/index.ts';
import type { ThreadEntry } from '../../machines/domain/entry.ts';
import type { ThreadRows } from '../../machines/ports/journal.ts';
import { EntryMaker, itemOf, rowsOf, stateOf, threadId, tickOf } from '../helpers/journal-samples.ts';
import { makeTempFolder } from '../helpers/temp-folder.ts';

const TICK_SIZE = 64;
const TICK_COUNT = 1_500;
const STREAMING_COUNT = 20;
const FULL_STORE = 10_000;

interface Load {
  readonly name: string;
  readonly storedThreads: number;
  readonly entry: (maker: EntryMaker, index: number) => ThreadEntry;
  readonly rows: (index: number) => ThreadRows | null;
}

const streamOf = (index: number): string => `stream-${index % STREAMING_COUNT}`;
const word = 'a piece of text as long as four tokens or so ';

const delta = (maker: EntryMaker, index: number): ThreadEntry => maker.delta(streamOf(index), word);
const lifecycle = (maker: EntryMaker, index: number): ThreadEntry => {
  const itemText = 'a paragraph of an answer, of middling length. '.repeat(8);
  const item = {
    ...itemOf(`item-${index}`, index + 1),
    body: { kind: 'reasoning' as const },
    text: itemText,
  };
  const { createdAt: _, updatedAt: __, turnId: ___, ordinal: ____, attempt: _____, ...draft } = item;
  const turn = { turnId: null, attempt: 1, nativeTurnId: 'native-1' };
  return maker.input(streamOf(index), {
    input: { type: 'provider.itemCompleted', connectionId: 'c' as never, ...turn, item: draft },
    facts: [{ type: 'item.completed', item }],
  });
};
const changed = (index: number): ThreadRows =>
  rowsOf(streamOf(index), {
    state: stateOf(streamOf(index), { updatedAt: index }),
    items: [itemOf(`item-${index}`, index + 1, { text: 'x'.repeat(380) })],
  });

const LOADS: readonly Load[] = [
  { name: 'deltas', storedThreads: 0, entry: delta, rows: () => null },
  { name: 'deltas beside 10,000 threads', storedThreads: FULL_STORE, entry: delta, rows: () => null },
  { name: 'lifecycle, entries alone', storedThreads: 0, entry: lifecycle, rows: () => null },
  { name: 'lifecycle with its rows', storedThreads: 0, entry: lifecycle, rows: changed },
  {
    name: 'lifecycle with its rows beside 10,000',
    storedThreads: FULL_STORE,
    entry: lifecycle,
    rows: changed,
  },
];

function run({ name, storedThreads, entry, rows }: Load): void {
  const folder = makeTempFolder();
  const journal = openJournal({ folder: folder.path, now: () => 1, makeEpoch: () => 'bench' });
  const maker = new EntryMaker();
  for (let index = 0; index < storedThreads; index += 1) {
    const id = `stored-${index}`;
    journal.commit(
      tickOf({
        entries: [maker.input(id)],
        threads: [rowsOf(id, { state: stateOf(id, { updatedAt: index }) })],
      }),
    );
  }
  const ticks = Array.from({ length: TICK_COUNT }, (_, tick) => {
    const indexes = Array.from({ length: TICK_SIZE }, (__, each) => tick * TICK_SIZE + each);
    return tickOf({
      entries: indexes.map((index) => entry(maker, index)),
      threads: indexes.flatMap((index) => rows(index) ?? []),
    });
  });
  const [startedAt, before] = [performance.now(), process.cpuUsage()];
  for (const tick of ticks) journal.commit(tick);
  const cpu = process.cpuUsage(before);
  const seconds = { cpu: (cpu.user + cpu.system) / 1e6, wall: (performance.now() - startedAt) / 1e3 };
  const count = TICK_COUNT * TICK_SIZE;
  const per = (time: number): string => Math.round(count / time).toLocaleString('en');
  console.log(`${name}: ${per(seconds.cpu)} entries per CPU-second, ${per(seconds.wall)} per second`);
  time(`  first page of ${Math.max(storedThreads, STREAMING_COUNT)} threads`, () =>
    journal.listThreads({ limit: 50 }),
  );
  time('  a search that finds nothing', () => journal.listThreads({ limit: 50, query: 'nothing like it' }));
  const options = { limit: 1_000, deltas: true };
  time('  1,000 entries of a thread', () => journal.readThread(threadId('stream-0'), 1_000, options));
  journal.close();
  folder.remove();
}

function time(name: string, act: () => unknown): void {
  const runs = 20;
  act();
  const startedAt = performance.now();
  for (let index = 0; index < runs; index += 1) act();
  console.log(`${name}: ${((performance.now() - startedAt) / runs).toFixed(2)} ms`);
}

for (const load of LOADS) run(load);
