/** `npm run bench [-- --json]`: each figure is the median of five runs on this machine. */
import { measureCodex } from './codex.bench.ts';
import { measureFanOut } from './fan-out.bench.ts';
import { medians, table, type Figure } from './figure.ts';
import { measureIngest } from './ingest.bench.ts';

const BENCHES: readonly (() => Promise<readonly Figure[]>)[] = [measureIngest, measureFanOut, measureCodex];

const figures: Figure[] = [];
for (const bench of BENCHES) figures.push(...(await medians(bench)));
console.log(process.argv.includes('--json') ? JSON.stringify(figures) : table(figures));
process.exit(0);
