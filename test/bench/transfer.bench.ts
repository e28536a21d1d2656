/** What it costs to put together what is carried from a long thread: in all, and of one slice, which ticks wait for. */
import type { RuntimeInput } from '../../machines/domain/input.ts';
import type { ItemBody } from '../../machines/domain/item.ts';
import type { Journal } from '../../machines/ports/journal.ts';
import { systemClock } from '../../server/runtime/clock.ts';
import { Transfers } from '../../server/runtime/transfers.ts';
import {
  itemId,
  itemOf,
  rowsOf,
  stateOf,
  threadId,
  tickOf,
  turnId,
  turnOf,
} from '../helpers/journal-samples.ts';
import { makeTempFolder } from '../helpers/temp-folder.ts';
import { median, percentile, type Figure } from './figure.ts';
import { openStore } from './stored-threads.ts';

const ITEM_COUNT = 10_000;
const ITEMS_PER_TURN = 50;
const REPEATS = 5;
const SOURCE = threadId('long');
const TEXT = 'a paragraph of an answer, of middling length. '.repeat(6);
const BODIES: readonly ItemBody[] = [
  { kind: 'assistant_message' },
  { kind: 'command', command: 'npm test', exitCode: 0 },
  { kind: 'file_change', changes: [{ path: 'src/sum.ts', kind: 'modified', diff: TEXT }] },
];

export async function measureTransfer(): Promise<readonly Figure[]> {
  const folder = makeTempFolder();
  const journal = openStore(folder.path);
  try {
    fill(journal);
    const runs = [];
    for (let run = 0; run < REPEATS; run += 1) runs.push(await build(journal));
    const name = `a transfer from a thread of ${ITEM_COUNT.toLocaleString('en')} items`;
    const slices = runs.flat();
    const totals = runs.map((each) => each.reduce((sum, ms) => sum + ms, 0));
    return [
      { name, unit: 'ms of CPU', value: median(totals), target: { atMost: 200 } },
      {
        name: `${name}, a slice of it (p99)`,
        unit: 'ms of CPU',
        value: percentile(slices, 0.99),
        target: { atMost: 5 },
      },
    ];
  } finally {
    journal.close();
    folder.remove();
  }
}

/** The CPU time of each slice, in ms: what else the machine does would count more. */
function build(journal: Journal): Promise<number[]> {
  const slices: number[] = [];
  return new Promise((resolve, reject) => {
    const transfers = new Transfers({
      journal,
      threads: { peek: () => null },
      clock: systemClock,
      schedule: (run) =>
        void setImmediate(() => {
          const start = process.threadCpuUsage();
          run();
          const { user, system } = process.threadCpuUsage(start);
          slices.push((user + system) / 1e3);
        }),
      push: (_, input) =>
        setImmediate(() => (isWhole(input) ? resolve(slices) : reject(new Error(input.type)))),
    });
    const transferId = itemId('transfer');
    const until = ITEM_COUNT / ITEMS_PER_TURN;
    const range = { after: 0, until, status: 'building' } as const;
    const transfer = { transferId, kind: 'switch', source: SOURCE, ...range } as const;
    transfers.build({ type: 'transfer.build', threadId: SOURCE, transfer });
  });
}

const isWhole = (input: RuntimeInput): boolean =>
  input.type === 'transfer.built' &&
  input.report.entryCount > 0 &&
  input.report.entryCount + input.report.leftOut.entryCount === ITEM_COUNT;

function fill(journal: Journal): void {
  journal.commit(tickOf({ threads: [rowsOf(SOURCE, { state: stateOf(SOURCE) })] }));
  for (let turn = 1; turn <= ITEM_COUNT / ITEMS_PER_TURN; turn += 1) {
    const id = `turn-${turn}`;
    const items = Array.from({ length: ITEMS_PER_TURN }, (_, index) => {
      const ordinal = (turn - 1) * ITEMS_PER_TURN + index + 1;
      const said = BODIES[index % BODIES.length] ?? { kind: 'reasoning' };
      const body: ItemBody = index === 0 ? { kind: 'user_message', intent: 'start', attachments: [] } : said;
      return itemOf(`item-${ordinal}`, ordinal, { turnId: turnId(id), body, text: TEXT });
    });
    const turns = [turnOf(id, turn, { status: 'completed', endedAt: 2 })];
    journal.commit(tickOf({ threads: [rowsOf(SOURCE, { turns, items })] }));
  }
}
