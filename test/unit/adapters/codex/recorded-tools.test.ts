/** Frames that the real codex 0.169.0 sent, and what the adapter makes of them. */
import { describe, expect, it } from 'vitest';
import { linesOf } from '../../../helpers/translate-recording.ts';

describe('translated tools', () => {
  it('commands run, are accepted and are declined', () => {
    expect(linesOf('commands')).toEqual([
      'T1 turnStarted',
      'T1 itemStarted command#1 open',
      'itemDelta command#1 "out\\n"',
      'T1 itemCompleted command#1 failed "out\\n"',
      'T1 itemStarted command#2 open',
      'T1 requestOpened command of command#2 [accept acceptForSession decline cancel]',
      'requestResolved',
      'T1 itemCompleted command#2 completed "asked\\n"',
      'T1 itemStarted command#3 open',
      'T1 requestOpened command of command#3 [accept acceptForSession decline cancel]',
      'requestResolved',
      'T1 itemCompleted command#3 declined',
      'T1 itemStarted assistant_message#1 open',
      'itemDelta assistant_message#1 "done"',
      'T1 itemCompleted assistant_message#1 completed "done"',
      'T1 turnEnded completed',
    ]);
  });

  it('files are added, renamed, deleted and protected', () => {
    expect(linesOf('patches')).toEqual([
      'T1 turnStarted',
      'T1 itemStarted file_change#1 open',
      'T1 itemCompleted file_change#1 completed',
      'T1 itemStarted file_change#2 open',
      'T1 itemCompleted file_change#2 completed',
      'T1 itemStarted file_change#3 open',
      'T1 itemCompleted file_change#3 completed',
      'T1 itemStarted file_change#4 open',
      'T1 requestOpened file-change of file_change#4 [accept acceptForSession decline cancel]',
      'requestResolved',
      'T1 itemCompleted file_change#4 declined',
      'T1 itemStarted assistant_message#1 open',
      'itemDelta assistant_message#1 "done"',
      'T1 itemCompleted assistant_message#1 completed "done"',
      'T1 turnEnded completed',
    ]);
  });

  it('a command that outlives its turn completes late, in its own turn', () => {
    expect(linesOf('background')).toEqual([
      'T1 turnStarted',
      'T1 itemStarted command#1 open',
      'T1 itemStarted assistant_message#1 open',
      'itemDelta assistant_message#1 "it runs on"',
      'T1 itemCompleted assistant_message#1 completed "it runs on"',
      'T1 turnEnded completed',
      'itemDelta command#1 "late\\n"',
      'T1 itemCompleted command#1 completed "late\\n"',
    ]);
  });

  it('a web search has its query when it is done', () => {
    expect(linesOf('web-search')).toEqual([
      'T1 turnStarted',
      'T1 itemStarted web_search#1 open',
      'T1 itemCompleted web_search#1 completed',
      'T1 itemStarted assistant_message#1 open',
      'itemDelta assistant_message#1 "sunny"',
      'T1 itemCompleted assistant_message#1 completed "sunny"',
      'T1 turnEnded completed',
    ]);
  });

  it('looking at an image is a tool call', () => {
    expect(linesOf('image-view')).toEqual([
      'T1 turnStarted',
      'T1 itemStarted tool_call#1 open "/opt/dot.png"',
      'T1 itemCompleted tool_call#1 completed "/opt/dot.png"',
      'T1 itemStarted assistant_message#1 open',
      'itemDelta assistant_message#1 "a dot"',
      'T1 itemCompleted assistant_message#1 completed "a dot"',
      'T1 turnEnded completed',
    ]);
  });

  it('MCP tools run, ask for consent and ask questions; a server that does not start is a notice', () => {
    expect(linesOf('mcp')).toEqual([
      '- itemCompleted notice#1 completed "broken: MCP client for `broken` failed to start: MCP startup failed: No such file or directory (os error 2)"',
      'T1 turnStarted',
      'T1 itemStarted tool_call#1 open',
      'T1 itemCompleted tool_call#1 completed "did echo {\\"s\\":\\"x\\"}"',
      'T1 itemStarted tool_call#2 open',
      'T1 requestOpened tool [accept acceptForSession decline cancel]',
      'requestResolved',
      'T1 itemCompleted tool_call#2 failed "user rejected MCP tool call"',
      'T1 itemStarted tool_call#3 open',
      'T1 requestOpened question [decline cancel]',
      'requestResolved',
      'T1 itemCompleted tool_call#3 completed "answer {\\"action\\":\\"accept\\",\\"content\\":{\\"name\\":\\"Bo\\",\\"ok\\":true}}"',
      'T1 itemStarted assistant_message#1 open',
      'itemDelta assistant_message#1 "ok"',
      'T1 itemCompleted assistant_message#1 completed "ok"',
      'T1 turnEnded completed',
    ]);
  });

  it('a question has no item', () => {
    expect(linesOf('question')).toEqual([
      '- itemCompleted notice#1 completed "Under-development features enabled: default_mode_request_user_input. Under-development features are incomplete and may b"',
      'T1 turnStarted',
      'T1 requestOpened question []',
      'requestResolved',
      'T1 itemStarted assistant_message#1 open',
      'itemDelta assistant_message#1 "ok"',
      'T1 itemCompleted assistant_message#1 completed "ok"',
      'T1 turnEnded completed',
    ]);
  });

  it('the frames of a sub-agent belong to the turn that began it, its requests too', () => {
    expect(linesOf('agents')).toEqual([
      '- itemCompleted notice#1 completed "`[features].multi_agent` is deprecated. It still controls the V1 fallback. `[agents].enabled = false` disables subagent "',
      'T1 turnStarted',
      'T1 itemStarted subagent#1 open',
      'T1 itemUpdated subagent#1 open',
      'T1 itemUpdated subagent#1 open',
      'T1 itemStarted user_message#1 open of subagent#1 "do sub"',
      'T1 itemCompleted user_message#1 completed of subagent#1 "do sub"',
      'T1 itemStarted tool_call#1 open',
      'T1 itemStarted command#1 open of subagent#1',
      'T1 requestOpened command of command#1 [accept acceptForSession decline cancel]',
      'requestResolved',
      'T1 itemCompleted command#1 completed of subagent#1 "sub\\n"',
      'T1 itemStarted assistant_message#1 open of subagent#1',
      'itemDelta assistant_message#1 "child says"',
      'T1 itemCompleted assistant_message#1 completed of subagent#1 "child says"',
      'T1 itemCompleted subagent#1 completed "child says"',
      'T1 itemCompleted tool_call#1 completed "child says"',
      'T1 itemStarted assistant_message#2 open',
      'itemDelta assistant_message#2 "parent end"',
      'T1 itemCompleted assistant_message#2 completed "parent end"',
      'T1 turnEnded completed',
    ]);
  });

  it('the newer sub-agents likewise', () => {
    expect(linesOf('agents-v2')).toEqual([
      'T1 turnStarted',
      'T1 itemStarted subagent#1 open',
      'T1 itemUpdated subagent#1 open',
      'T1 itemUpdated subagent#1 open',
      'T1 itemStarted tool_call#1 open',
      'T1 itemStarted assistant_message#1 open of subagent#1',
      'itemDelta assistant_message#1 "child says"',
      'T1 itemCompleted assistant_message#1 completed of subagent#1 "child says"',
      'T1 itemStarted notice#1 open "/root/sub"',
      'T1 itemCompleted subagent#1 completed "child says"',
      'T1 itemCompleted notice#1 completed "/root/sub"',
      'T1 itemCompleted tool_call#1 completed',
      'T1 itemStarted assistant_message#2 open',
      'itemDelta assistant_message#2 "parent end"',
      'T1 itemCompleted assistant_message#2 completed "parent end"',
      'T1 turnEnded completed',
    ]);
  });
});
