import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const CLIENT = fileURLToPath(new URL('../../../../server/client/', import.meta.url));
/** Type-only imports are gone when the module runs. */
const VALUE_IMPORT = /^(?:import|export)\s+(?!type\b)[^;]*?from\s+'([^']+)'/gm;

/** Everything that a module loads, itself included. */
function loadedBy(path: string, seen = new Set<string>()): Set<string> {
  if (seen.has(path)) return seen;
  seen.add(path);
  for (const [, specifier = ''] of readFileSync(path, 'utf8').matchAll(VALUE_IMPORT)) {
    if (specifier.startsWith('.')) loadedBy(join(dirname(path), specifier), seen);
    else seen.add(specifier);
  }
  return seen;
}

describe('the client for browsers', () => {
  it('loads no module of Node and no package but zod', () => {
    const loaded = [...loadedBy(join(CLIENT, 'browser.ts'))];
    expect(loaded).toContain(join(CLIENT, 'client.ts'));
    expect(loaded.some((path) => path.endsWith('machines/domain/evolve.ts'))).toBe(true);
    expect(loaded.filter((path) => !path.startsWith('/'))).toEqual(['zod']);
    expect(loaded.filter((path) => /server\/(gateway|http|runtime)\//.test(path))).toEqual([]);
  });

  it('would be seen to load one', () => {
    expect([...loadedBy(join(CLIENT, 'node.ts'))]).toContain('ws');
  });
});
