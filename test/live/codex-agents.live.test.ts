/** Sub-agents of codex, of both kinds: threads of their own, at any depth, beside each other and after their parent. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { requireAgent } from '../agents/agents.ts';
import { startLiveServer, type LiveServer } from '../helpers/live-server.ts';
import type { LiveThread } from '../helpers/live-thread.ts';
import { openText, runCommand, runEscalated } from '../model-endpoint/codex-tools.ts';
import type { ParsedRequest } from '../model-endpoint/parse-request.ts';
import { replies, type Script } from '../model-endpoint/script.ts';
import { functionCall, gate, text, type Step } from '../model-endpoint/step.ts';

type Replies = readonly (readonly Step[])[];
const has = ({ workspace }: LiveServer, name: string): boolean => existsSync(join(workspace, name));
const count = ({ view }: LiveThread): number | undefined => view?.state?.row.backgroundCount;
/** Codex 0.169.0 does not tell of those that sub-agents of the newer kind are given. */
const promptsOf = (thread: LiveThread): string[] => thread.items('user_message').map((item) => item.text);
const turnCount = ({ view }: LiveThread): number => view?.turns.size ?? 0;

/** What each thread of codex is answered, in the order in which they ask first. */
function family(...scripts: readonly Replies[]): Script {
  const waiting = scripts.map((each) => replies(each));
  const known = new Map<string | null, Script>();
  return (request: ParsedRequest) => {
    const script = known.get(request.threadId) ?? waiting.shift() ?? replies([[text('anew')]]);
    known.set(request.threadId, script);
    return script(request);
  };
}

const KINDS = [
  {
    kind: 'first',
    features: { multi_agent: true },
    tables: '[agents]\nmax_depth = 3',
    spawn: (message: string) => functionCall('spawn_agent', { message }, { namespace: 'multi_agent_v1' }),
  },
  {
    kind: 'newer',
    features: { multi_agent_v2: true },
    tables: '',
    spawn: (message: string) =>
      functionCall(
        'spawn_agent',
        { task_name: message.replaceAll(' ', '_'), message },
        { namespace: 'collaboration' },
      ),
  },
];

describe.skipIf(requireAgent('codex') === null).each(KINDS)(
  'a sub-agent of codex of the $kind kind',
  ({ kind, features, tables, spawn }) => {
    const OPTIONS = { codex: { features, tables } };

    it('is a thread with all that it says and does, which its parent has not', async () => {
      const script = family(
        [[spawn('do sub')], [gate('parent'), text('parent end')], [text('parent end')]],
        [[runCommand('echo sub')], [text('child says'), gate('end')]],
      );
      const server = await startLiveServer(script, OPTIONS);
      const thread = await server.thread({ runtimeMode: 'full-access' });
      const { turnId = '' } = await thread.submit('go');
      const child = await thread.child();
      await child.until(() => child.said.includes('child says'), 'what it says');
      expect(child.status).toBe('running');
      expect(child.view?.state?.row).toMatchObject({ parentId: thread.threadId, lineageKind: 'subagent' });
      expect(child.items('command')).toMatchObject([{ status: 'completed', text: 'sub\n' }]);
      expect(promptsOf(child)).toEqual(kind === 'first' ? ['do sub'] : []);
      expect(thread.items('subagent')).toMatchObject([{ status: 'open' }]);
      await server.endpoint.gate('end').reached;
      server.endpoint.gate('end').release();
      await child.reached('ready');
      await thread.until(() => thread.items('subagent')[0]?.status === 'completed', 'its end');
      server.endpoint.gate('parent').release();
      expect(await thread.ended(turnId)).toMatchObject({ outcome: 'completed' });
      expect(thread.items('subagent')).toMatchObject([{ status: 'completed', text: 'child says', turnId }]);
      expect([thread.items('command'), thread.said]).toEqual([[], expect.not.stringContaining('child')]);
      await thread.expectSameView();
      await child.expectSameView();
    });

    it('works on after the turn that began it, and can be asked more by a person', async () => {
      const script = family(
        [[spawn('do sub')], [text('parent end')], [text('parent end')]],
        [[text('child '), gate('child'), text('says')], [text('what you want')]],
      );
      const server = await startLiveServer(script, OPTIONS);
      const thread = await server.thread();
      const { turnId } = await thread.turn('go');
      const child = await thread.child();
      await server.endpoint.gate('child').reached;
      await thread.until(() => count(thread) === 1, 'a sub-agent at work');
      expect(thread.items('subagent')).toMatchObject([{ status: 'open', background: true, turnId }]);
      server.endpoint.gate('child').release();
      await child.reached('ready');
      await thread.until(() => count(thread) === 0, 'the end of the sub-agent');
      expect(child.said.replaceAll('\n', '')).toBe('child says');
      const { turnId: asked, queueEntryId } = await child.submit('and now?');
      expect(await child.ended(asked ?? queueEntryId ?? '')).toMatchObject({ outcome: 'completed' });
      expect(child.said).toContain(kind === 'first' ? 'what you want' : 'anew');
      // by the connection that carries it, or by one of its own that is told what was said
      expect(child.facts('transfer.consumed')).toHaveLength(kind === 'first' ? 0 : 1);
      await child.expectSameView();
    });

    it('asks on its own thread, also after the turn of its parent', async () => {
      const script = family(
        [[spawn('do sub')], [text('parent end')], [text('parent end')]],
        [[gate('child'), runEscalated('touch made')], [text('child end')]],
      );
      const server = await startLiveServer(script, OPTIONS);
      const thread = await server.thread({ runtimeMode: 'auto-accept-edits' });
      await thread.turn('go');
      const child = await thread.child();
      server.endpoint.gate('child').release();
      const { requestId, owner } = await child.request();
      expect([owner, child.status, thread.openRequests]).toEqual(['turn', 'running', []]);
      await child.do({ type: 'request.respond', requestId, decision: 'accept' });
      await child.reached('ready');
      expect(child.facts('request.closed')).toMatchObject([{ requestId, outcome: 'accepted' }]);
      expect(has(server, 'made')).toBe(true);
    });

    it('is interrupted with the turn that began it', async () => {
      const script = family(
        [[spawn('do sub')], [...openText('I wait'), gate('parent'), text('on')], [text('on')]],
        [[text('child '), gate('child'), text('says')], [text('more')]],
      );
      const server = await startLiveServer(script, OPTIONS);
      const thread = await server.thread();
      const { turnId = '' } = await thread.submit('go');
      const child = await thread.child();
      await server.endpoint.gate('child').reached;
      await server.endpoint.gate('parent').reached;
      await thread.do({ type: 'turn.interrupt' });
      expect(await thread.ended(turnId)).toMatchObject({ outcome: 'interrupted' });
      await child.reached('interrupted');
      expect(thread.items('subagent')).toMatchObject([{ status: 'interrupted' }]);
    });

    it('is interrupted alone, and its parent goes on', async () => {
      const script = family(
        [[spawn('do sub')], [...openText('I wait'), gate('parent'), text(' no more')], [text('on')]],
        [[text('child '), gate('child'), text('says')], [text('again')]],
      );
      const server = await startLiveServer(script, OPTIONS);
      const thread = await server.thread();
      const { turnId = '' } = await thread.submit('go');
      const child = await thread.child();
      await server.endpoint.gate('child').reached;
      await server.endpoint.gate('parent').reached;
      await child.do({ type: 'turn.interrupt' });
      await child.reached('interrupted');
      expect([thread.status, thread.items('subagent')[0]?.status]).toEqual(['running', 'interrupted']);
      server.endpoint.gate('parent').release();
      expect(await thread.ended(turnId)).toMatchObject({ outcome: 'completed' });
    });

    // one of the newer kind is not given the tools for it by codex 0.169.0
    it.runIf(kind === 'first')('begins sub-agents itself, three levels deep', async () => {
      const script = family(
        [[spawn('level one')], [text('zero')], [text('zero')]],
        [[spawn('level two')], [text('one'), gate('one')], [text('one')]],
        [[spawn('level three')], [text('two'), gate('two')], [text('two')]],
        [[runCommand('echo deep')], [text('three')]],
      );
      const server = await startLiveServer(script, OPTIONS);
      const thread = await server.thread({ runtimeMode: 'full-access' });
      await thread.turn('go');
      const one = await thread.child();
      const two = await one.child();
      const three = await two.child();
      await three.reached('ready');
      expect(three.items('command')).toMatchObject([{ text: 'deep\n' }]);
      const rows = [one, two, three].map(({ view }) => view?.state?.row);
      expect(rows.map((row) => row?.parentId)).toEqual([thread.threadId, one.threadId, two.threadId]);
      expect([one.items('command'), two.items('command')]).toEqual([[], []]);
      server.endpoint.gate('two').release();
      await two.reached('ready');
      server.endpoint.gate('one').release();
      await one.reached('ready');
    });

    it('is one of several beside each other', async () => {
      const script = family(
        [[spawn('do one'), spawn('do two')], [text('parent end')], [text('parent end')]],
        [[text('a'), gate('a')]],
        [[text('b'), gate('b')]],
      );
      const server = await startLiveServer(script, OPTIONS);
      const thread = await server.thread();
      await thread.turn('go');
      const children = [await thread.child(1), await thread.child(2)];
      await Promise.all(children.map((child) => child.until(() => child.said !== '', 'a word')));
      expect(children.map(({ said }) => said).toSorted()).toEqual(['a', 'b']);
      server.endpoint.gate('a').release();
      server.endpoint.gate('b').release();
      await Promise.all(children.map((child) => child.reached('ready')));
    });

    it('ends with a stop of its parent, and its conversation is resumed by a prompt', async () => {
      const script = family(
        [[spawn('do sub')], [text('parent end')], [text('parent end')]],
        [[text('child '), gate('child'), text('says')], [text('I am back')]],
      );
      const server = await startLiveServer(script, OPTIONS);
      const thread = await server.thread();
      await thread.turn('go');
      const child = await thread.child();
      await server.endpoint.gate('child').reached;
      await thread.do({ type: 'thread.stop' });
      await thread.reached('stopped');
      await child.reached('interrupted');
      expect(await child.turn('are you there?')).toMatchObject({ outcome: 'completed' });
      expect(child.said).toContain(kind === 'first' ? 'I am back' : 'anew');
      expect(child.facts('connection.opened')).toMatchObject([{ resumed: kind === 'first' }]);
      expect(turnCount(child)).toBe(2);
    });

    it('is stopped by a death of the server, and its conversation is resumed by a prompt', async () => {
      const script = family(
        [[spawn('do sub')], [text('parent end')], [text('parent end')]],
        [[text('child '), gate('child'), text('says')], [text('I am back')]],
      );
      const server = await startLiveServer(script, OPTIONS);
      const thread = await server.thread();
      await thread.turn('go');
      const child = await thread.child();
      await server.endpoint.gate('child').reached;
      await server.killAndRestart();
      await child.reached('stopped');
      expect(await child.turn('are you there?')).toMatchObject({ outcome: 'completed' });
      expect(child.facts('connection.opened')).toMatchObject([{ resumed: kind === 'first' }]);
    });
  },
);

describe.skipIf(requireAgent('codex') === null)('a second message of its parent', () => {
  it.each(KINDS)(
    'is another turn of the same sub-agent of the $kind kind',
    async ({ features, spawn, kind }) => {
      let agentId = '';
      const more = (): Step =>
        kind === 'first'
          ? functionCall(
              'send_input',
              { target: agentId, message: 'and more' },
              { namespace: 'multi_agent_v1' },
            )
          : functionCall(
              'followup_task',
              { target: 'do_sub', message: 'and more' },
              { namespace: 'collaboration' },
            );
      const ofParent = [[spawn('do sub')], [text('first end')]];
      const parent = replies(ofParent);
      let parentId: string | null = null;
      let asked = 0;
      const child = replies([[text('one')], [text('two')]]);
      const script: Script = (request) => {
        parentId ??= request.threadId;
        if (request.threadId !== parentId) return child(request);
        asked += 1;
        if (agentId !== '' && asked < 100) {
          asked = 100;
          return [more()];
        }
        return asked >= 100 ? [text('second end')] : parent(request);
      };
      const server = await startLiveServer(script, { codex: { features } });
      const thread = await server.thread();
      await thread.turn('go');
      const agent = await thread.child();
      await agent.reached('ready');
      const body = thread.items('subagent')[0]?.body;
      agentId = body?.kind === 'subagent' ? (body.nativeThreadId ?? '') : '';
      await thread.turn('more');
      await agent.until(() => agent.said.includes('two') && agent.status === 'ready', 'its second turn');
      expect(turnCount(agent)).toBe(2);
      expect(thread.items('subagent')).toHaveLength(1);
      expect(promptsOf(agent)).toEqual(kind === 'first' ? ['do sub', 'and more'] : []);
    },
  );
});
