/** Threads that branch off from one of a real agent, and bring back what they did. The model sees which history each has. */
import { describe, expect, it } from 'vitest';
import { requireAgent } from '../agents/agents.ts';
import { startLiveServer, type LiveOptions, type LiveServer } from '../helpers/live-server.ts';
import { LiveThread } from '../helpers/live-thread.ts';
import { byUserText, type Script } from '../model-endpoint/script.ts';
import { text } from '../model-endpoint/step.ts';

const LIMITS = { timeout: 240_000 };
const PROMPTS = ['one', 'two', 'three', 'aside', 'beside', 'again', 'back'] as const;
const answers =
  (name: string): Script =>
  () => [text(`answer to ${name}`)];
const SCRIPT = byUserText(Object.fromEntries(PROMPTS.map((name) => [name, answers(name)])));
const AGENTS: readonly (readonly [string, LiveOptions])[] = [
  ['codex', {}],
  ['claude', { claude: {} }],
  ['opencode', { opencode: {} }],
];

async function turn(thread: LiveThread, prompt: (typeof PROMPTS)[number]): Promise<void> {
  expect(await thread.turn(prompt)).toMatchObject({ outcome: 'completed' });
  await thread.reached('ready');
}

async function forkOf(thread: LiveThread, more: { turnId?: string } = {}): Promise<LiveThread> {
  const { threadId } = await thread.do({ type: 'thread.fork', ...more });
  const fork = new LiveThread(thread.client, threadId);
  await fork.until(() => fork.view !== null, 'a first view');
  return fork;
}

/** Which answers the model was shown with the prompt. */
function shown({ endpoint }: LiveServer, prompt: string): string[] {
  const request = endpoint.requests.findLast(({ userText }) => userText.trim().endsWith(prompt));
  const input = JSON.stringify(request?.input);
  return PROMPTS.filter((name) => input.includes(`answer to ${name}`));
}

const messages = (thread: LiveThread): string[] => thread.items('user_message').map((item) => item.text);

/** The agent itself began with the history: nothing was carried as text. */
function expectNative(fork: LiveThread): void {
  expect(fork.items('transfer')).toEqual([]);
  expect(fork.facts('connection.opened').map(({ resumed }) => resumed)[0]).toBe(false);
}

for (const [agent, options] of AGENTS) {
  describe.skipIf(requireAgent(agent as never) === null)(`a fork of a thread of ${agent}`, LIMITS, () => {
    it('is idle, then goes on by itself with what it has inherited, also on its next connection', async () => {
      const server = await startLiveServer(SCRIPT, options);
      const thread = await server.thread();
      await turn(thread, 'one');
      await turn(thread, 'two');
      const requestCount = server.endpoint.requests.length;
      const fork = await forkOf(thread);
      expect(messages(fork)).toEqual(['one', 'two']);
      expect(server.endpoint.requests).toHaveLength(requestCount);
      await turn(thread, 'three');
      await turn(fork, 'aside');
      expect(shown(server, 'aside')).toEqual(['one', 'two']);
      await fork.do({ type: 'thread.stop' });
      await fork.reached('stopped');
      await turn(fork, 'again');
      expect(shown(server, 'again')).toEqual(['one', 'two', 'aside']);
      expectNative(fork);
      expect(fork.facts('connection.opened').map(({ resumed }) => resumed)).toEqual([false, true]);
      expect(messages(fork)).toEqual(['one', 'two', 'aside', 'again']);
      expect(messages(thread)).toEqual(['one', 'two', 'three']);
      await fork.expectEveryEventOnce();
      await fork.expectSameView();
    });

    it('of an earlier turn knows nothing of the later ones, nor of its siblings', async () => {
      const server = await startLiveServer(SCRIPT, options);
      const thread = await server.thread();
      const { turnId } = await thread.submit('one');
      await thread.ended(turnId ?? '');
      await turn(thread, 'two');
      const [early, late] = [await forkOf(thread, { turnId: turnId ?? '' }), await forkOf(thread)];
      await turn(early, 'aside');
      await turn(late, 'beside');
      expect(shown(server, 'aside')).toEqual(['one']);
      expect(shown(server, 'beside')).toEqual(['one', 'two']);
      await turn(early, 'again');
      expect(shown(server, 'again')).toEqual(['one', 'aside']);
      await turn(thread, 'three');
      expect(shown(server, 'three')).toEqual(['one', 'two']);
      for (const fork of [early, late]) expectNative(fork);
    });

    it('goes back by a turn of its own, and its source does not', async () => {
      const server = await startLiveServer(SCRIPT, options);
      const thread = await server.thread();
      await turn(thread, 'one');
      const fork = await forkOf(thread);
      const { turnId = '' } = await fork.submit('aside');
      await fork.ended(turnId);
      await turn(fork, 'beside');
      await fork.do({ type: 'checkpoint.rollback', turnId, files: false });
      expect(await fork.fact('rollback.ended')).toMatchObject({ failure: null });
      await turn(fork, 'again');
      expect(shown(server, 'again')).toEqual(['one', 'aside']);
      await turn(thread, 'two');
      expect(shown(server, 'two')).toEqual(['one']);
      expectNative(fork);
      expect(messages(thread)).toEqual(['one', 'two']);
      await fork.expectSameView();
    });

    it('brings back what it did, and so does the next one', async () => {
      const server = await startLiveServer(SCRIPT, options);
      const thread = await server.thread();
      await turn(thread, 'one');
      const [first, second] = [await forkOf(thread), await forkOf(thread)];
      await turn(first, 'aside');
      await turn(second, 'beside');
      await first.do({ type: 'thread.mergeBack' });
      await turn(thread, 'back');
      expect(shown(server, 'back')).toEqual(['one', 'aside']);
      await second.do({ type: 'thread.mergeBack' });
      await turn(thread, 'three');
      expect(shown(server, 'three')).toEqual(['one', 'aside', 'beside', 'back']);
      expect(thread.facts('transfer.consumed')).toHaveLength(2);
      expect(
        new Set(thread.facts('connection.opened').map(({ nativeThreadId }) => nativeThreadId)).size,
      ).toBe(1);
      expect(messages(thread)).toEqual(['one', 'back', 'three']);
      await thread.expectEveryEventOnce();
      await thread.expectSameView();
    });
  });
}
