import { expect, onTestFinished, test, vi } from 'vitest';
import { Terminal } from '../../../../server/cli/terminal.ts';

const CLEAR = '\r\u001B[2K';

/** One screen: what both streams write, in order. */
function makeScreen({ isTTY = true, isJson = false, columns = 20 } = {}) {
  const written: string[] = [];
  const output = { write: (text: string) => written.push(text), isTTY, columns };
  const terminal = new Terminal(isJson, { stdout: output, stderr: output });
  onTestFinished(() => terminal.close());
  return { written, terminal };
}

test('shows what is waited for, and takes it away before anything else is written', () => {
  const { written, terminal } = makeScreen();
  terminal.wait('codex works');
  expect(written).toEqual([`${CLEAR}⠋ codex works`]);
  terminal.note('a note');
  expect(written.slice(1)).toEqual([CLEAR, 'a note\n']);
  terminal.wait(null);
  expect(written).toHaveLength(3);
});

test('moves, and comes back below what was written, but never into a line of text', () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const { written, terminal } = makeScreen();
  terminal.wait('codex works');
  vi.advanceTimersByTime(100);
  expect(written.at(-1)).toBe(`${CLEAR}⠙ codex works`);
  terminal.write('half a');
  const count = written.length;
  vi.advanceTimersByTime(1_000);
  expect(written).toHaveLength(count);
  terminal.write(' line\n');
  vi.advanceTimersByTime(100);
  expect(written.at(-1)).toBe(`${CLEAR}⠹ codex works`);
  terminal.close();
  expect(written.at(-1)).toBe(CLEAR);
  expect(vi.getTimerCount()).toBe(0);
});

test('keeps to one line of the terminal, whatever the provider wrote', () => {
  const { written, terminal } = makeScreen();
  terminal.wait('codex tries\n\u001B[2Jagain and again and again');
  expect(written).toEqual([`${CLEAR}⠋ codex tries again`]);
});

test('takes eighty columns for a terminal that does not know its width', () => {
  const { written, terminal } = makeScreen({ columns: 0 });
  terminal.wait('x'.repeat(100));
  expect(written).toEqual([`${CLEAR}⠋ ${'x'.repeat(77)}`]);
  expect(terminal.columns).toBe(80);
});

test.each([{ isTTY: false }, { isJson: true }])('has no spinner with %j', (options) => {
  const { written, terminal } = makeScreen(options);
  terminal.wait('codex works');
  expect(written).toEqual([]);
});

test('asks nobody where there is no input', async () => {
  const { terminal } = makeScreen();
  expect(terminal.isInteractive).toBe(false);
  expect(await terminal.ask('well? ', new AbortController().signal)).toBeNull();
});
