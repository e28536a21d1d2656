import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { commandLine } from '../../../../server/cli/command-line.ts';

test('names the same server and never a token', () => {
  const flags = { data: '/tmp/x', url: 'http://127.0.0.1:1', token: 'secret' };
  expect(commandLine(['stop', 't1'], flags, {})).toBe(
    'threadchart stop t1 --data /tmp/x --url http://127.0.0.1:1',
  );
});

test('is read by a shell as it was meant', () => {
  const words = ['answer', "it's $HOME `id`", 'a b', ''];
  const line = commandLine(words, {}, {}).replace(/^threadchart/, `printf '%s\\n'`);
  expect(execFileSync('sh', ['-c', line], { encoding: 'utf8' })).toBe(`${words.join('\n')}\n`);
});

test.each([
  [{ npm_lifecycle_event: 'threadchart' }, 'npm run -s threadchart -- ls'],
  [{ npm_command: 'exec', npm_lifecycle_event: 'npx' }, 'npx threadchart ls'],
  [{ npm_lifecycle_event: 'start' }, 'threadchart ls'],
])('names the program as it was called: %j', (env, line) => {
  expect(commandLine(['ls'], {}, env)).toBe(line);
});
