import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { ExecutedTestsReporter } from './helpers/executed-tests-reporter.ts';

const ALWAYS_EXCLUDED = ['**/node_modules/**', '**/dist/**'];
const SLOW_MODES = ['live', 'crash', 'proof', 'fuzz', 'package', 'walks', 'soak', 'browser', 'all'];
/** They run no agents and kill no servers. */
const SHARING_MODES = ['fuzz', 'walks', 'proof'];
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
      setupFiles: isSlow ? [] : ['test/helpers/nothing-left.ts'],
      maxWorkers: isSlow && !SHARING_MODES.includes(mode) ? 1 : 2,
      testTimeout: isSlow ? 120_000 : 10_000,
      hookTimeout: isSlow ? 60_000 : 10_000,
      reporters: ['default', new ExecutedTestsReporter()],
    },
  };
});
