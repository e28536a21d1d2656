import { describe, expect, it } from 'vitest';
import { bodyOf, NEW_TOOL, textOf, updated } from '../../../../adapters/acp/items.ts';
import { toolCallSchema } from '../../../../adapters/acp/wire.ts';

const toolOf = (call: object) => updated(NEW_TOOL, toolCallSchema.parse({ toolCallId: 'c', ...call }));
const diff = (oldText: string | null, newText: string) => ({
  type: 'diff',
  path: '/w/a.txt',
  oldText,
  newText,
});

describe('tool calls as items', () => {
  it('shows what changed in a file, and nothing of what stayed', () => {
    const tool = toolOf({ kind: 'edit', content: [diff('a\nb\nc\n', 'a\nB\nB2\nc\n')] });
    expect(bodyOf(tool)).toEqual({
      kind: 'file_change',
      changes: [{ path: '/w/a.txt', kind: 'modified', diff: '@@ -2,1 +2,2 @@\n-b\n+B\n+B2' }],
    });
  });

  it('knows a new file, and files that are only named', () => {
    const made = toolOf({ kind: 'edit', content: [diff(null, 'one\n')] });
    expect(bodyOf(made)).toMatchObject({ changes: [{ kind: 'added', diff: '@@ -0,0 +1,1 @@\n+one' }] });
    const gone = toolOf({ kind: 'delete', locations: [{ path: '/w/b.txt' }] });
    expect(bodyOf(gone)).toEqual({ kind: 'file_change', changes: [{ path: '/w/b.txt', kind: 'deleted' }] });
  });

  it('takes the line of a command from wherever the agent has it', () => {
    const lines = [
      { title: 'ls' },
      { title: 'List', rawInput: { command: 'ls -l' } },
      { title: 'List', rawInput: { command: ['ls', '-l'] } },
      { title: 'List', rawInput: { cmd: 'ls -l' } },
    ].map((call) => bodyOf(toolOf({ kind: 'execute', ...call })));
    expect(lines.map((body) => Reflect.get(body, 'command'))).toEqual(['ls', 'ls -l', 'ls -l', 'ls -l']);
  });

  it('keeps what an update leaves out, and takes the output that has no content', () => {
    const tool = toolOf({ title: 'ls', kind: 'execute', status: 'in_progress' });
    const done = updated(
      tool,
      toolCallSchema.parse({
        toolCallId: 'c',
        status: 'completed',
        title: null,
        rawOutput: { formatted_output: 'out', exit_code: 2 },
      }),
    );
    expect(bodyOf(done)).toEqual({ kind: 'command', command: 'ls', exitCode: 2 });
    expect(textOf(done, () => '')).toBe('out');
  });

  it('names what is no text, and shows the output of a terminal', () => {
    const content = [
      { type: 'content', content: { type: 'image', data: '', mimeType: 'image/png' } },
      { type: 'content', content: { type: 'resource_link', uri: 'file:///w/a.txt', name: 'a' } },
      { type: 'terminal', terminalId: 't1' },
    ];
    const tool = toolOf({ kind: 'other', content });
    expect(textOf(tool, (terminalId) => `output of ${terminalId}`)).toBe(
      '[image]\nfile:///w/a.txt\noutput of t1',
    );
  });

  it('is not lost for one field that is wrong', () => {
    const call = {
      toolCallId: 'c',
      title: 7,
      locations: 'none',
      content: [{ type: 'song' }],
      status: 'completed',
    };
    expect(toolOf(call)).toMatchObject({ title: '', paths: [], status: 'completed' });
  });
});
