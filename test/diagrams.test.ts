import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { threadMachine } from '../machines/thread.machine.ts';
import { DIAGRAMS, pathOf, PICTURES } from './generate.ts';
import { placeChart, type Box } from './model/chart-layout.ts';

describe('machines/diagrams.md', () => {
  const text = DIAGRAMS.text();

  it('is what npm run generate writes from the charts', () => {
    expect(readFileSync(pathOf(DIAGRAMS), 'utf8')).toBe(text);
  });

  it('shows the four charts, each with its states and arrows', () => {
    expect(text.match(/^stateDiagram-v2$/gm)?.length).toBe(4);
    expect(text).toContain('bound_working --> bound_working_running : $started');
    expect(text).toContain('[*] --> unbound');
  });
});

describe('the pictures of the charts', () => {
  it.each(PICTURES.map((picture) => [picture.path, picture] as const))(
    '%s is what npm run generate writes from the chart',
    async (_, picture) => {
      expect(readFileSync(pathOf(picture), 'utf8')).toBe(await picture.text());
    },
  );

  it('show every state, its label readable: no label lies upon another one', async () => {
    const { states, arrows, width, height } = await placeChart(threadMachine);
    expect(states.map(({ node }) => node.path.join('.'))).toEqual(
      expect.arrayContaining(['bound.working.running', 'unbound.error', 'deleted']),
    );
    const labels = arrows.flatMap(({ label }) => label ?? []);
    expect(labels.length).toBeGreaterThan(20);
    const pairs = labels.flatMap((one, index) =>
      labels.slice(index + 1).map((other) => [one, other] as const),
    );
    expect(pairs.filter(([one, other]) => overlap(one, other))).toEqual([]);
    for (const box of [...labels, ...states]) {
      expect([box.x >= 0, box.y >= 0, box.x + box.width <= width, box.y + box.height <= height]).toEqual([
        true,
        true,
        true,
        true,
      ]);
    }
  });
});

const overlap = (one: Box, other: Box): boolean =>
  one.x < other.x + other.width &&
  other.x < one.x + one.width &&
  one.y < other.y + other.height &&
  other.y < one.y + one.height;
