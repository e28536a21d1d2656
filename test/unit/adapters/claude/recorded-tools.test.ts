/** Tools that the real claude 2.1.329 called, and what the adapter makes of them. */
import { describe, expect, it } from 'vitest';
import { translateRecording } from '../../../helpers/claude-recording.ts';
import { summaryOf } from '../../../helpers/translate-recording.ts';

const linesOf = (name: string): string[] =>
  summaryOf(translateRecording(name)).filter((line) => !line.startsWith('usageReported'));

describe('translated tools', () => {
  it('commands have their output, and those that a person refuses are declined', () => {
    expect(linesOf('commands')).toEqual([
      'T1 turnAccepted',
      'T1 turnStarted',
      'T1 itemStarted assistant_message#1 open',
      'itemDelta assistant_message#1 "let me "',
      'T1 itemCompleted assistant_message#1 completed "let me "',
      'T1 itemStarted command#1 open',
      'T1 requestOpened command of command#1 [accept acceptForSession decline cancel]',
      'T1 itemStarted command#2 open',
      'T1 itemCompleted command#1 failed "out"',
      'T1 requestOpened command of command#2 [accept acceptForSession decline cancel]',
      'T1 itemCompleted command#2 declined "no thanks"',
      'T1 itemStarted assistant_message#2 open',
      'itemDelta assistant_message#2 "done"',
      'T1 itemCompleted assistant_message#2 completed "done"',
      'T1 turnEnded completed',
    ]);
  });

  it('files are changes', () => {
    expect(linesOf('files')).toEqual([
      'T1 turnAccepted',
      'T1 turnStarted',
      'T1 itemStarted file_change#1 open',
      'T1 itemCompleted file_change#1 completed',
      'T1 itemStarted file_change#2 open',
      'T1 itemCompleted file_change#2 completed',
      'T1 itemStarted tool_call#1 open',
      'T1 itemCompleted tool_call#1 completed "1\\ta\\n2\\tc\\n3\\t"',
      'T1 itemStarted file_change#3 open',
      'T1 itemCompleted file_change#3 failed "<tool_use_error>File does not exist. Note: your current working directory is /home/user/workspace.</tool_use_error>"',
      'T1 itemStarted assistant_message#1 open',
      'itemDelta assistant_message#1 "done"',
      'T1 itemCompleted assistant_message#1 completed "done"',
      'T1 turnEnded completed',
    ]);
  });

  it('a command that is interrupted is not declined', () => {
    expect(linesOf('interrupted-command')).toEqual([
      'T1 turnAccepted',
      'T1 turnStarted',
      'T1 itemStarted command#1 open',
      'T1 requestOpened command of command#1 [accept acceptForSession decline cancel]',
      'T1 itemCompleted command#1 interrupted "The user doesn\'t want to proceed with this tool use. The tool use was rejected (eg. if it was a file edit, the new_strin"',
      'T1 turnEnded interrupted',
    ]);
  });

  it('a question of an interrupted turn is taken back', () => {
    expect(linesOf('interrupted-request')).toEqual([
      'T1 turnAccepted',
      'T1 turnStarted',
      'T1 itemStarted command#1 open',
      'T1 requestOpened command of command#1 [accept acceptForSession decline cancel]',
      'requestResolved',
      'T1 itemCompleted command#1 interrupted "The user doesn\'t want to proceed with this tool use. The tool use was rejected (eg. if it was a file edit, the new_strin"',
      'T1 turnEnded interrupted',
    ]);
  });

  it('a question has its answer', () => {
    expect(linesOf('question')).toEqual([
      'T1 turnAccepted',
      'T1 turnStarted',
      'T1 itemStarted tool_call#1 open',
      'T1 requestOpened question of tool_call#1 []',
      'T1 itemCompleted tool_call#1 completed "Your questions have been answered: \\"Which colour?\\"=\\"blue\\". You can now continue with these answers in mind."',
      'T1 itemStarted assistant_message#1 open',
      'itemDelta assistant_message#1 "ok"',
      'T1 itemCompleted assistant_message#1 completed "ok"',
      'T1 turnEnded completed',
    ]);
  });

  it('a plan is handed over, and the call that did it is not shown as declined', () => {
    expect(linesOf('plan')).toEqual([
      'T1 turnAccepted',
      'T1 turnStarted',
      'T1 itemStarted file_change#1 open',
      'T1 itemCompleted file_change#1 completed',
      'T1 itemStarted plan#1 open "# The plan\\n"',
      'T1 itemCompleted plan#1 completed "# The plan\\n"',
      'T1 itemStarted assistant_message#1 open',
      'itemDelta assistant_message#1 "over to you"',
      'T1 itemCompleted assistant_message#1 completed "over to you"',
      'T1 turnEnded completed',
    ]);
  });

  it('the list of things to do is one item and the plan of the thread', () => {
    expect(linesOf('todos')).toEqual([
      'T1 turnAccepted',
      'T1 turnStarted',
      'T1 planReported first:pending',
      'T1 itemCompleted todo_list#1 completed',
      'T1 planReported first:running',
      'T1 itemCompleted todo_list#1 completed',
      'T1 planReported first:running',
      'T1 itemCompleted todo_list#1 completed',
      'T1 itemStarted assistant_message#1 open',
      'itemDelta assistant_message#1 "done"',
      'T1 itemCompleted assistant_message#1 completed "done"',
      'T1 turnEnded completed',
    ]);
  });

  it('what sub-agents do is told as turns of their own', () => {
    expect(linesOf('agents')).toEqual([
      'T1 turnAccepted',
      'T1 turnStarted',
      'T1 itemStarted subagent#1 open',
      'T1 itemUpdated subagent#1 open',
      'T1 agentStarted',
      'T2 turnStarted',
      'T2 itemCompleted user_message#1 completed "outer job"',
      'T2 itemCompleted assistant_message#1 completed "outer begins"',
      'T2 itemStarted subagent#2 open',
      'T2 itemUpdated subagent#2 open',
      'T2 agentStarted',
      'T3 turnStarted',
      'T3 itemCompleted user_message#2 completed "inner job"',
      'T3 itemStarted command#1 open',
      'T3 itemCompleted command#1 completed "inner"',
      'T3 itemCompleted assistant_message#2 completed "inner is done"',
      'T3 turnEnded completed',
      'T2 itemCompleted subagent#2 completed "inner is done"',
      'T2 itemCompleted assistant_message#3 completed "outer is done"',
      'T2 turnEnded completed',
      'T1 itemCompleted subagent#1 completed "outer is done"',
      'T1 itemStarted assistant_message#4 open',
      'itemDelta assistant_message#4 "main is done"',
      'T1 itemCompleted assistant_message#4 completed "main is done"',
      'T1 turnEnded completed',
    ]);
  });
});
