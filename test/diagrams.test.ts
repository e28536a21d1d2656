import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { DIAGRAMS, pathOf } from './generate.ts';

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
