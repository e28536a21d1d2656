/** `npm run generate`: writes the committed files that are made from the charts. */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { connectionMachine } from '../machines/connection.machine.ts';
import { instanceMachine } from '../machines/instance.machine.ts';
import { threadMachine } from '../machines/thread.machine.ts';
import { turnMachine } from '../machines/turn.machine.ts';
import { chartSvg } from './model/chart-svg.ts';
import { diagramsOf } from './model/diagram.ts';
import { tableOf } from './model/table.ts';
import { readmeText } from './readme-parts.ts';

export interface Generated {
  /** From the root of the repository. */
  readonly path: string;
  readonly text: () => string;
}

/** The same of what takes a while. */
interface GeneratedLater extends Omit<Generated, 'text'> {
  readonly text: () => Promise<string>;
}

const CHARTS = [
  { name: 'Thread', machine: threadMachine },
  { name: 'Connection', machine: connectionMachine },
  { name: 'Turn', machine: turnMachine },
  { name: 'Instance', machine: instanceMachine },
];

export const DIAGRAMS: Generated = { path: 'machines/diagrams.md', text: () => diagramsOf(CHARTS) };

/** Pictures of the charts, for people and for the console. */
export const PICTURES: readonly GeneratedLater[] = CHARTS.map(({ name, machine }) => ({
  path: `machines/${name.toLowerCase()}.svg`,
  text: () => chartSvg(name, machine),
}));
export const TABLE: Generated = { path: 'test/rules/table.gen.md', text: tableOf };

export const README: Generated = { path: 'README.md', text: readmeText };

export const pathOf = ({ path }: Pick<Generated, 'path'>): string =>
  fileURLToPath(new URL(`../${path}`, import.meta.url));

if (import.meta.main) {
  for (const file of [DIAGRAMS, ...PICTURES, TABLE, README]) {
    writeFileSync(pathOf(file), await file.text());
    console.log(`wrote ${file.path}`);
  }
}
