/** Frames that the real codex 0.169.0 sent, and what the adapter makes of them. */
import { describe, expect, it } from 'vitest';
import { linesOf } from '../../../helpers/translate-recording.ts';

describe('translated turns', () => {
  it('reasoning, commentary and the answer are streamed and completed', () => {
    expect(linesOf('simple')).toEqual([
      'T1 turnStarted',
      'T1 itemStarted reasoning#1 open',
      'itemDelta reasoning#1 "short thought"',
      'itemDelta reasoning#1 "raw thought"',
      'T1 itemCompleted reasoning#1 completed "short thought\\n\\nraw thought"',
      'T1 itemStarted assistant_message#1 open',
      'itemDelta assistant_message#1 "first "',
      'T1 itemCompleted assistant_message#1 completed "first "',
      'T1 itemStarted assistant_message#2 open',
      'itemDelta assistant_message#2 "the "',
      'itemDelta assistant_message#2 "answ"',
      'itemDelta assistant_message#2 "er"',
      'T1 itemCompleted assistant_message#2 completed "the answer"',
      'T1 turnEnded completed',
    ]);
  });

  it('a proposed plan is an item of its own beside the message', () => {
    expect(linesOf('plan')).toEqual([
      'T1 turnStarted',
      'T1 itemStarted assistant_message#1 open',
      'itemDelta assistant_message#1 "Here it is.\\n"',
      'T1 itemStarted plan#1 open',
      'itemDelta plan#1 "# Plan\\n\\n"',
      'itemDelta plan#1 "1. one\\n"',
      'T1 itemCompleted plan#1 completed "# Plan\\n\\n1. one\\n"',
      'T1 itemCompleted assistant_message#1 completed "Here it is.\\n"',
      'T1 turnEnded completed',
    ]);
  });

  it('a list of steps is reported whole', () => {
    expect(linesOf('plan-updates')).toEqual([
      'T1 turnStarted',
      'T1 planReported one:completed two:running three:pending',
      'T1 itemStarted assistant_message#1 open',
      'itemDelta assistant_message#1 "ok"',
      'T1 itemCompleted assistant_message#1 completed "ok"',
      'T1 turnEnded completed',
    ]);
  });

  it('a compaction is a turn that the provider began', () => {
    expect(linesOf('compaction')).toEqual([
      'T1 turnStarted',
      'T1 itemStarted compaction#1 open',
      'T1 itemCompleted compaction#1 completed',
      'T1 turnEnded completed',
    ]);
  });

  it('a queued message of codex becomes a turn of the provider with its text', () => {
    expect(linesOf('queue')).toEqual([
      'T1 turnStarted',
      'T1 itemStarted assistant_message#1 open',
      'itemDelta assistant_message#1 "ok"',
      'T1 itemCompleted assistant_message#1 completed "ok"',
      'T1 turnEnded completed',
      'T2 turnStarted',
      'T2 itemStarted user_message#1 open "queued"',
      'T2 itemCompleted user_message#1 completed "queued"',
      'T2 itemStarted assistant_message#2 open',
      'itemDelta assistant_message#2 "ok"',
      'T2 itemCompleted assistant_message#2 completed "ok"',
      'T2 turnEnded completed',
    ]);
  });

  it('a goal begins a turn without a message', () => {
    expect(linesOf('goal')).toEqual([
      'T1 turnStarted',
      'T1 itemStarted assistant_message#1 open',
      'itemDelta assistant_message#1 "working"',
      'T1 itemCompleted assistant_message#1 completed "working"',
      'T1 turnEnded completed',
    ]);
  });

  it('a review is one turn, by the id that codex goes on with', () => {
    expect(linesOf('review')).toEqual([
      'T1 turnStarted',
      'T1 itemStarted notice#1 open "check it"',
      'T1 itemCompleted notice#1 completed "check it"',
      'T1 itemStarted user_message#1 open "check it"',
      'T1 itemCompleted user_message#1 completed "check it"',
      'T1 itemStarted assistant_message#1 open',
      'T1 itemStarted notice#2 open "hi"',
      'T1 itemCompleted notice#2 completed "hi"',
      'T1 itemStarted assistant_message#2 open "hi"',
      'T1 itemCompleted assistant_message#2 completed "hi"',
      'T1 turnEnded completed',
    ]);
  });

  it('a resume tells the usage and nothing else', () => {
    expect(linesOf('resumed')).toEqual([]);
  });

  it('a steer cuts the message short, and its echo yields nothing else', () => {
    expect(linesOf('steered')).toEqual([
      'T1 turnStarted',
      'T1 itemStarted assistant_message#1 open',
      'itemDelta assistant_message#1 "one way "',
      'T1 textCut assistant_message#1',
      'T1 itemStarted assistant_message#2 open',
      'itemDelta assistant_message#2 "gone left"',
      'T1 itemCompleted assistant_message#2 completed "gone left"',
      'T1 turnEnded completed',
    ]);
  });
});

describe('translated interrupts', () => {
  it('an interrupted message is left open', () => {
    expect(linesOf('interrupted')).toEqual([
      'T1 turnStarted',
      'T1 itemStarted assistant_message#1 open',
      'itemDelta assistant_message#1 "partial "',
      'T1 turnEnded interrupted',
    ]);
  });

  it('an interrupted command completes after the turn, once it is ended', () => {
    expect(linesOf('interrupted-command')).toEqual([
      'T1 turnStarted',
      'T1 itemStarted command#1 open',
      'T1 turnEnded interrupted',
      'T1 itemCompleted command#1 failed',
    ]);
  });

  it('an interrupted request is resolved after the turn', () => {
    expect(linesOf('interrupted-approval')).toEqual([
      'T1 turnStarted',
      'T1 itemStarted command#1 open',
      'T1 requestOpened command of command#1 [accept acceptForSession decline cancel]',
      'T1 turnEnded interrupted',
      'requestResolved',
    ]);
  });

  it('a provider without a network is interrupted while it tries again', () => {
    expect(linesOf('offline')).toEqual([
      'T1 turnStarted',
      '- itemCompleted notice#1 completed "Reconnecting... waiting for network\\nConnection failed: error sending request"',
      'T1 turnEnded interrupted',
    ]);
  });
});
