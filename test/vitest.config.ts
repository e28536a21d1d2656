import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { ExecutedTestsReporter } from './helpers/executed-tests-reporter.ts';

const ALWAYS_EXCLUDED = ['**/node_modules/**', '**/dist/**'];
const SLOW_MODES = ['live', 'crash', 'proof', 'fuzz', 'package', 'walks', 'soak', 'browser', 'all'];
/** What they start takes both cores by itself. */
const ALONE_MODES = ['browser', 'package', 'soak', 'all'];
const SLOW_SUITES = SLOW_MODES.map((mode) => `**/*.${mode}.test.ts`);

/** `--mode` and one of these chooses a slow suite, `all` the agents that are installed on demand; without one the fast ones run. */
export default defineConfig(({ mode }) => {
  const isSlow = SLOW_MODES.includes(mode);
  return {
    root: fileURLToPath(new URL('..', import.meta.url)),
    test: {
      include: [isSlow ? `test/**/*.${mode}.test.ts` : 'test/**/*.test.ts'],
      exclude: isSlow ? ALWAYS_EXCLUDED : [...ALWAYS_EXCLUDED, ...SLOW_SUITES],
      ...(mode === 'browser' ? { globalSetup: 'test/build-console.ts' } : {}),
      pool: 'forks',
      // the fast files share what they import; each of the others begins with a process of its own
      isolate: isSlow,
      setupFiles: isSlow ? [] : ['test/helpers/fixed-seed.ts', 'test/helpers/nothing-left.ts'],
      maxWorkers: ALONE_MODES.includes(mode) ? 1 : 2,
      // for what hangs: nothing is measured by it
      testTimeout: isSlow ? 180_000 : 60_000,
      hookTimeout: 60_000,
      reporters: ['default', new ExecutedTestsReporter()],
    },
  };
});
