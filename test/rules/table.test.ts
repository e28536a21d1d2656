import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { pathOf, TABLE } from '../generate.ts';

describe('the table of all states and inputs', () => {
  const text = TABLE.text();
  const lines = text.split('\n');

  it('is what npm run generate writes from the exploration', () => {
    const stored = readFileSync(pathOf(TABLE), 'utf8').split('\n');
    const news = lines.filter((line) => !stored.includes(line));
    const gone = stored.filter((line) => !lines.includes(line));
    expect({ news: news.slice(0, 5), gone: gone.slice(0, 5) }).toEqual({ news: [], gone: [] });
    expect(text).toBe(stored.join('\n'));
  });

  it('has a section for every combination of states, none of which is empty', () => {
    const sections = text.split('\n## ').slice(1);
    expect(sections.length).toBeGreaterThanOrEqual(31);
    expect(sections.filter((section) => section.split('\n- ').length < 3)).toEqual([]);
  });
});
