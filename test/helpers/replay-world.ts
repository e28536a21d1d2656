/** A player of recordings. They are made of what a test scripts: by the tiny agent, behind an adapter of its own. */
import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { codexDriver } from '../../adapters/codex/index.ts';
import { replayDriver } from '../../adapters/replay/index.ts';
import { Recorder } from '../../adapters/replay/recorder.ts';
import { formatRecording } from '../../adapters/replay/recording.ts';
import type { PlaybackClock } from '../../adapters/replay/tape.ts';
import { instanceIdSchema } from '../../machines/domain/ids.ts';
import type { Recording } from '../../machines/domain/recording.ts';
import type { RequestDraft } from '../../machines/domain/request.ts';
import type { ProviderDriver } from '../../machines/ports/provider.ts';
import type { Act, ProviderWorld, Scripted } from '../contract/provider-world.ts';
import { Gates } from '../model-endpoint/gate.ts';
import { ProviderHarness } from './provider-harness.ts';
import { ProviderThread, type SentTurn } from './provider-thread.ts';
import { makeTinyWorld } from './tiny-world.ts';
import { until } from './until.ts';

const AGENT = { driver: codexDriver, protocol: 'codex', processPer: 'instance' } as const;
const WAIT = { timeoutMs: 60_000 };
/** The n-th place at which the model waits is n times as long in a recording, longer than anything else. */
const HOLD_MS = 3_600_000;

/** What is answered where a person is asked: a decision, an option of a question, or that nobody can be asked. */
type Reply = 'accept' | 'decline' | 'refuse' | { readonly option: string };

export async function makeReplayWorld(): Promise<ProviderWorld> {
  const root = await realpath(await mkdtemp(join(tmpdir(), 'threadchart-replay-')));
  const [workspace, recordings] = [join(root, 'workspace'), join(root, 'recordings')];
  await Promise.all([workspace, recordings].map((folder) => mkdir(folder)));
  const scripts: Scripted[] = [];
  const gates = new Gates();
  const clock = clockOf(gates, scripts);
  return {
    driver: recordedFirst(replayDriver({ drivers: [codexDriver], clock }), () =>
      recordAll(scripts, recordings, workspace),
    ),
    processPer: 'connection',
    instance: {
      instanceId: instanceIdSchema.parse('replay'),
      driver: 'replay',
      command: recordings,
      env: {},
    },
    workspace,
    script: (prompt, replies, as = 'prompt') => void scripts.push({ prompt, replies, as }),
    gate: (name) => gates.get(name),
    shown: () => 'null',
    planMark: /no model is shown anything/,
    looksUp: false,
    lacks: ['processes', 'model', 'memory'],
    close: async () => {
      gates.releaseAll();
      await rm(root, { recursive: true, force: true, maxRetries: 3 });
    },
  };
}

/** As fast as it goes, but for the places at which the model waited. */
const clockOf = (gates: Gates, scripts: readonly Scripted[]): PlaybackClock => ({
  after: (ms, call) => {
    if (ms < HOLD_MS) {
      const timer = setImmediate(call);
      return () => clearImmediate(timer);
    }
    let isCancelled = false;
    const name = gateNames(scripts)[Math.floor(ms / HOLD_MS) - 1] ?? '';
    void gates
      .get(name)
      .pass()
      .then(() => {
        if (!isCancelled) call();
      });
    return () => void (isCancelled = true);
  },
});

const gateNames = (scripts: readonly Scripted[]): string[] =>
  scripts.flatMap(({ replies }) => replies.flat()).flatMap((act) => (act.do === 'wait' ? [act.gate] : []));

/** The driver as it is, on recordings that are there when it is started. */
function recordedFirst(driver: ProviderDriver, record: () => Promise<void>): ProviderDriver {
  return {
    ...driver,
    create: (instance, host) => {
      const adapter = driver.create(instance, host);
      let recorded: Promise<void> | null = null;
      let isReady = false;
      const start = async (effect: Parameters<typeof adapter.perform>[0]): Promise<void> => {
        await (recorded ??= record());
        isReady = true;
        adapter.perform(effect);
      };
      return {
        capabilities: adapter.capabilities,
        perform: (effect) => {
          if (effect.type === 'process.start' && !isReady) void start(effect);
          else adapter.perform(effect);
        },
        setPaused: (isPaused) => adapter.setPaused(isPaused),
        dispose: () => adapter.dispose(),
      };
    },
  };
}

/** One recording for each way in which people may answer, at once: each is of an agent of its own, which takes long to start. */
async function recordAll(scripts: readonly Scripted[], folder: string, workspace: string): Promise<void> {
  const asks = scripts.flatMap(({ replies }) => replies.flat()).filter((act) => isAsking(act, workspace));
  const ways = asks.reduce<Reply[][]>(
    (before, act) => before.flatMap((way) => repliesTo(act).map((reply) => [...way, reply])),
    [[]],
  );
  await Promise.all(
    ways.map(async (way, index) => {
      const recording = await record(scripts, way, workspace);
      await writeFile(join(folder, `scripted.${index}.ndjson`), formatRecording(recording));
    }),
  );
}

const isAsking = (act: Act, workspace: string): boolean =>
  act.do === 'ask' ||
  (act.do === 'run' && act.asks === true) ||
  (act.do === 'write' && act.path.startsWith('/') && !act.path.startsWith(`${workspace}/`));

const repliesTo = (act: Act): Reply[] =>
  act.do === 'ask' ? act.options.map((option) => ({ option })) : ['accept', 'decline', 'refuse'];

async function record(
  scripts: readonly Scripted[],
  way: readonly Reply[],
  playedIn: string,
): Promise<Recording> {
  const world = await makeTinyWorld(AGENT);
  const { workspace } = world;
  const take = new Take(world, [...way]);
  try {
    // what the test wants to see undone happens elsewhere
    const moved = (text: string): string => text.replaceAll(dirname(playedIn), dirname(workspace));
    const here = JSON.parse(moved(JSON.stringify(scripts))) as Scripted[];
    for (const { prompt, replies } of here) world.script(prompt, replies);
    await take.open();
    for (const [index, scripted] of here.entries()) {
      const next = here[index + 1];
      if (scripted.as === 'prompt') await take.turn(scripted, next?.as === 'steer' ? next.prompt : null);
    }
    return await take.end();
  } finally {
    await take.dispose();
    await world.close();
  }
}

/** One conversation with the tiny agent, as it is recorded. */
class Take {
  readonly #world: ProviderWorld;
  readonly #way: Reply[];
  readonly #harness = new ProviderHarness();
  readonly #recorder: Recorder;
  readonly #thread: ProviderThread;
  #requestCount = 0;
  #gateCount = 0;
  #heldMs = 0;
  #said = '';

  constructor(world: ProviderWorld, way: Reply[]) {
    this.#world = world;
    this.#way = way;
    const { workspace, instance } = world;
    this.#recorder = new Recorder({
      scenario: 'scripted',
      title: 'What a test scripted',
      description: 'made by the tiny agent',
      workspace,
      now: () => Date.now() + this.#heldMs,
    });
    const adapter = this.#recorder.record(codexDriver).create(instance, this.#harness);
    const { instanceId } = instance;
    const settings = { cwd: workspace, instanceId };
    this.#thread = new ProviderThread(adapter, this.#harness, settings);
  }

  async open(): Promise<void> {
    const { adapter, settings } = this.#thread;
    adapter.perform({ type: 'process.start', instanceId: settings.instanceId });
    await this.#harness.awaitInstance('process.started');
    await this.#thread.open();
  }

  async turn({ prompt, replies }: Scripted, steer: string | null): Promise<void> {
    const sent = await this.#thread.start(prompt);
    for (const act of replies.flat()) await this.#live(act, sent, steer);
    await this.#thread.ended(sent);
  }

  async end(): Promise<Recording> {
    await this.#thread.close();
    await this.#thread.adapter.dispose();
    return this.#recorder.recording();
  }

  async dispose(): Promise<void> {
    await this.#thread.adapter.dispose();
  }

  async #live(act: Act, sent: SentTurn, steer: string | null): Promise<void> {
    if (act.do === 'say') this.#said += act.text;
    else if (act.do === 'wait') await this.#pass(act.gate, sent, steer);
    else if (act.do === 'hang') {
      await this.#heard();
      this.#thread.interrupt(sent);
      await this.#thread.ended(sent);
      await this.#thread.settle(sent, 'interrupted');
    } else if (isAsking(act, this.#world.workspace)) await this.#reply();
  }

  async #pass(gate: string, sent: SentTurn, steer: string | null): Promise<void> {
    await this.#world.gate(gate).reached;
    await this.#heard();
    if (steer !== null) {
      this.#thread.steer(sent, steer);
      await this.#harness.awaitReport(this.#thread.threadId, 'provider.steerAccepted');
    }
    this.#gateCount += 1;
    this.#heldMs += this.#gateCount * HOLD_MS;
    this.#world.gate(gate).release();
  }

  /** All that was said so far has come. */
  async #heard(): Promise<void> {
    await until(() => this.#thread.streamed().endsWith(this.#said), WAIT);
  }

  async #reply(): Promise<void> {
    this.#requestCount += 1;
    const request = await this.#thread.request(this.#requestCount);
    const reply = this.#way.shift() ?? 'accept';
    if (reply === 'refuse') this.#refuse(request);
    else if (typeof reply === 'string') this.#thread.answer(request, { decision: reply });
    else this.#thread.answer(request, { answers: { [questionOf(request)]: [reply.option] } });
  }

  #refuse({ requestId, nativeRequestId }: RequestDraft): void {
    const { adapter, connectionId } = this.#thread;
    adapter.perform({ type: 'request.refuse', connectionId, requestId, nativeRequestId });
  }
}

const questionOf = ({ body }: RequestDraft): string =>
  body.kind === 'question' ? (body.questions[0]?.questionId ?? '') : '';
