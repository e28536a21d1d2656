/** Turns that the real claude 2.1.329 ran, and what the adapter makes of them. */
import { describe, expect, it } from 'vitest';
import { translateRecording } from '../../../helpers/claude-recording.ts';
import { summaryOf } from '../../../helpers/translate-recording.ts';

const linesOf = (name: string): string[] =>
  summaryOf(translateRecording(name)).filter((line) => !line.startsWith('usageReported'));

describe('translated turns', () => {
  it('prompts are accepted, begun, streamed and completed, one after the other', () => {
    expect(linesOf('simple')).toEqual([
      'T1 turnAccepted',
      'T1 turnStarted',
      'T1 itemStarted reasoning#1 open',
      'itemDelta reasoning#1 "hm"',
      'T1 itemCompleted reasoning#1 completed "hm"',
      'T1 itemStarted assistant_message#1 open',
      'itemDelta assistant_message#1 "Hello"',
      'itemDelta assistant_message#1 " ther"',
      'itemDelta assistant_message#1 "e"',
      'T1 itemCompleted assistant_message#1 completed "Hello there"',
      'T1 turnEnded completed',
      'T2 turnAccepted',
      'T2 turnStarted',
      'T2 itemStarted reasoning#2 open',
      'itemDelta reasoning#2 "hm"',
      'T2 itemCompleted reasoning#2 completed "hm"',
      'T2 itemStarted assistant_message#2 open',
      'itemDelta assistant_message#2 "and a"',
      'itemDelta assistant_message#2 "gain"',
      'T2 itemCompleted assistant_message#2 completed "and again"',
      'T2 turnEnded completed',
    ]);
  });

  it('a stream that is interrupted keeps what was said', () => {
    expect(linesOf('interrupted-text')).toEqual([
      'T1 turnAccepted',
      'T1 turnStarted',
      'T1 itemStarted assistant_message#1 open',
      'itemDelta assistant_message#1 "so far "',
      'T1 itemCompleted assistant_message#1 completed "so far "',
      'T1 turnEnded interrupted',
      'T2 turnAccepted',
      'T2 turnStarted',
      'T2 itemStarted assistant_message#2 open',
      'itemDelta assistant_message#2 "next"',
      'T2 itemCompleted assistant_message#2 completed "next"',
      'T2 turnEnded completed',
    ]);
  });

  it('a steer during a command is read after it, in the same turn', () => {
    expect(linesOf('steered-command')).toEqual([
      'T1 turnAccepted',
      'T1 turnStarted',
      'T1 itemStarted command#1 open',
      'T1 requestOpened command of command#1 [accept acceptForSession decline cancel]',
      '- steerAccepted',
      'T1 itemCompleted command#1 completed "begun\\ndone"',
      'T1 itemStarted assistant_message#1 open',
      'itemDelta assistant_message#1 "gone left"',
      'T1 itemCompleted assistant_message#1 completed "gone left"',
      'T1 turnEnded completed',
    ]);
  });

  it('a steer during the reply is read after it, and the turn goes on', () => {
    expect(linesOf('steered-text')).toEqual([
      'T1 turnAccepted',
      'T1 turnStarted',
      'T1 itemStarted assistant_message#1 open',
      'itemDelta assistant_message#1 "one "',
      'T1 itemCompleted assistant_message#1 completed "one "',
      '- steerAccepted',
      'T1 itemStarted assistant_message#2 open',
      'itemDelta assistant_message#2 "two"',
      'T1 itemCompleted assistant_message#2 completed "two"',
      'T1 itemStarted assistant_message#3 open',
      'itemDelta assistant_message#3 "gone left"',
      'T1 itemCompleted assistant_message#3 completed "gone left"',
      'T1 turnEnded completed',
    ]);
  });

  it('a steer that is taken back ends with its turn', () => {
    expect(linesOf('steer-taken-back')).toEqual([
      'T1 turnAccepted',
      'T1 turnStarted',
      'T1 itemStarted assistant_message#1 open',
      'itemDelta assistant_message#1 "one "',
      'T1 itemCompleted assistant_message#1 completed "one "',
      '- steerAccepted',
      'T1 turnEnded interrupted',
    ]);
  });

  it('a command in the background outlives its turn, and its end begins one of claude', () => {
    expect(linesOf('background-command')).toEqual([
      'T1 turnAccepted',
      'T1 turnStarted',
      'T1 itemStarted command#1 open',
      'T1 requestOpened command of command#1 [accept acceptForSession decline cancel]',
      'T1 itemUpdated command#1 open',
      'T1 itemStarted assistant_message#1 open',
      'itemDelta assistant_message#1 "it runs"',
      'T1 itemCompleted assistant_message#1 completed "it runs"',
      'T1 turnEnded completed',
      'T1 itemCompleted command#1 completed "Background command \\"what the test says\\" completed (exit code 0)"',
      'T2 turnStarted',
      'T2 itemStarted assistant_message#2 open',
      'itemDelta assistant_message#2 "it has ended"',
      'T2 itemCompleted assistant_message#2 completed "it has ended"',
      'T2 turnEnded completed',
    ]);
  });

  it('a sub-agent in the background asks and works after the turn', () => {
    expect(linesOf('background-agent')).toEqual([
      'T1 turnAccepted',
      'T1 turnStarted',
      'T1 itemStarted subagent#1 open',
      'T1 itemUpdated subagent#1 open',
      'T1 agentStarted',
      'T2 turnStarted',
      'T2 itemCompleted user_message#1 completed "the job"',
      'T1 itemUpdated subagent#1 open',
      'T1 itemStarted assistant_message#1 open',
      'itemDelta assistant_message#1 "it is on"',
      'T1 itemCompleted assistant_message#1 completed "it is on"',
      'T2 itemStarted command#1 open',
      'T2 requestOpened command of command#1 [accept acceptForSession decline cancel]',
      'T1 turnEnded completed',
      'T2 itemCompleted command#1 completed',
      'T2 itemCompleted assistant_message#2 completed "job done"',
      'T2 turnEnded completed',
      'T1 itemCompleted subagent#1 completed "job done"',
      'T3 turnStarted',
      'T3 itemStarted assistant_message#3 open',
      'itemDelta assistant_message#3 "well done"',
      'T3 itemCompleted assistant_message#3 completed "well done"',
      'T3 turnEnded completed',
    ]);
  });

  it('a prompt that is folded into a turn of claude is accepted as that', () => {
    expect(linesOf('absorbed')).toEqual([
      'T1 turnAccepted',
      'T1 turnStarted',
      'T1 itemStarted command#1 open',
      'T1 requestOpened command of command#1 [accept acceptForSession decline cancel]',
      'T1 itemUpdated command#1 open',
      'T1 itemStarted assistant_message#1 open',
      'itemDelta assistant_message#1 "it runs"',
      'T1 itemCompleted assistant_message#1 completed "it runs"',
      'T1 turnEnded completed',
      'T1 itemCompleted command#1 completed "Background command \\"what the test says\\" completed (exit code 0)"',
      'T2 turnStarted',
      'T2 itemStarted command#2 open',
      'T2 requestOpened command of command#2 [accept acceptForSession decline cancel]',
      'T2 itemCompleted command#2 completed',
      'T2 turnAccepted',
      'T2 itemStarted assistant_message#2 open',
      'itemDelta assistant_message#2 "that too"',
      'T2 itemCompleted assistant_message#2 completed "that too"',
      'T2 turnEnded completed',
    ]);
  });

  it('a compaction is one item', () => {
    expect(linesOf('compaction')).toEqual([
      'T1 turnAccepted',
      'T1 turnStarted',
      'T1 itemStarted assistant_message#1 open',
      'itemDelta assistant_message#1 "yes"',
      'T1 itemCompleted assistant_message#1 completed "yes"',
      'T1 turnEnded completed',
      'T2 turnAccepted',
      'T2 turnStarted',
      'T2 itemStarted assistant_message#2 open',
      'itemDelta assistant_message#2 "yes"',
      'T2 itemCompleted assistant_message#2 completed "yes"',
      'T2 turnEnded completed',
      'T3 turnAccepted',
      'T3 turnStarted',
      'T3 itemStarted compaction#1 open',
      'T3 itemCompleted compaction#1 completed "manual, 15 tokens before"',
      'T3 turnEnded completed',
    ]);
  });

  it('a conversation that is cleared goes on', () => {
    expect(linesOf('cleared')).toEqual([
      'T1 turnAccepted',
      'T1 turnStarted',
      'T1 itemStarted assistant_message#1 open',
      'itemDelta assistant_message#1 "yes"',
      'T1 itemCompleted assistant_message#1 completed "yes"',
      'T1 turnEnded completed',
      'T2 turnAccepted',
      'T2 turnStarted',
      'T2 turnEnded completed',
      'T3 turnAccepted',
      'T3 turnStarted',
      'T3 itemStarted assistant_message#2 open',
      'itemDelta assistant_message#2 "yes"',
      'T3 itemCompleted assistant_message#2 completed "yes"',
      'T3 turnEnded completed',
    ]);
  });
});

const isNoFolding = (line: string): boolean => !line.startsWith('foldingChanged');

/** 2.1.197 has no `command_lifecycle`; turns are bound by order and by the prompts that it repeats. */
describe('turns of the oldest version', () => {
  it.each([
    'simple',
    'interrupted-text',
    'interrupted-command',
    'steered-command',
    'background-command',
    'absorbed',
    'cleared',
  ])('%s is told as in the newest', (name) => {
    expect(linesOf(`${name}-2.1.197`).filter(isNoFolding)).toEqual(linesOf(name));
  });

  it('a steer during the reply is accepted as soon as it is written', () => {
    expect(linesOf('steered-text-2.1.197')).toEqual([
      'T1 turnAccepted',
      'T1 turnStarted',
      'T1 itemStarted assistant_message#1 open',
      'itemDelta assistant_message#1 "one "',
      '- steerAccepted',
      'T1 itemCompleted assistant_message#1 completed "one "',
      'T1 itemStarted assistant_message#2 open',
      'itemDelta assistant_message#2 "two"',
      'T1 itemCompleted assistant_message#2 completed "two"',
      'T1 itemStarted assistant_message#3 open',
      'itemDelta assistant_message#3 "gone left"',
      'T1 itemCompleted assistant_message#3 completed "gone left"',
      'T1 turnEnded completed',
    ]);
  });

  it('would fold a prompt while a command runs in the background, and until the turn that its end begins', () => {
    const lines = linesOf('background-command-2.1.197');
    const at = (line: string): number => lines.findIndex((each) => each.startsWith(line));
    expect(at('foldingChanged true')).toBe(at('T1 itemUpdated command#1 open') + 1);
    expect(at('foldingChanged false')).toBe(at('T2 turnStarted') + 1);
    expect(linesOf('background-command').filter((line) => !isNoFolding(line))).toEqual([]);
  });

  it('a sub-agent in the background is known by the result of its call', () => {
    expect(linesOf('background-agent-2.1.197').filter(isNoFolding)).toEqual([
      'T1 turnAccepted',
      'T1 turnStarted',
      'T1 itemStarted subagent#1 open',
      'T1 itemUpdated subagent#1 open',
      'T1 agentStarted',
      'T2 turnStarted',
      'T2 itemCompleted user_message#1 completed "the job"',
      'T1 itemUpdated subagent#1 open',
      'T2 itemStarted command#1 open',
      'T2 requestOpened command of command#1 [accept acceptForSession decline cancel]',
      'T1 itemStarted assistant_message#1 open',
      'itemDelta assistant_message#1 "it is on"',
      'T1 itemCompleted assistant_message#1 completed "it is on"',
      'T1 turnEnded completed',
      'T2 itemCompleted command#1 completed',
      'T2 itemCompleted assistant_message#2 completed "job done"',
      'T2 turnEnded completed',
      'T1 itemCompleted subagent#1 completed "job done"',
      'T3 turnStarted',
      'T3 itemStarted assistant_message#3 open',
      'itemDelta assistant_message#3 "well done"',
      'T3 itemCompleted assistant_message#3 completed "well done"',
      'T3 turnEnded completed',
    ]);
  });
});
