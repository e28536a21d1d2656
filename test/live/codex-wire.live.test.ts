import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { requireAgent } from '../agents/agents.ts';
import { generateCodexTypes } from '../generate-codex-types.ts';

const WIRE = join(import.meta.dirname, '..', '..', 'adapters', 'codex', 'wire.gen.ts');

describe.skipIf(requireAgent('codex') === null)('the wire types of codex', () => {
  it('are what the installed codex generates: else run node test/generate-codex-types.ts', async () => {
    expect(await readFile(WIRE, 'utf8')).toBe(await generateCodexTypes());
  });
});
