/** `npm run build:console`: the web console, from `server/console` into `dist/console`, as the server serves it. */
import { join } from 'node:path';
import { build } from 'vite';

const ROOT = join(import.meta.dirname, '..');

/** Named as vitest wants what runs before a suite. */
export async function setup(): Promise<void> {
  await build({
    configFile: false,
    root: join(ROOT, 'server', 'console'),
    logLevel: 'warn',
    publicDir: false,
    oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
    build: {
      outDir: join(ROOT, 'dist', 'console'),
      emptyOutDir: true,
      target: 'es2024',
      // the policy of the page lets no code or picture be inline
      assetsInlineLimit: 0,
      modulePreload: { polyfill: false },
      chunkSizeWarningLimit: 2_000,
    },
  });
}

if (import.meta.main) await setup();
