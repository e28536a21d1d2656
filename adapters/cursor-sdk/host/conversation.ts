/** The one agent of this process, and the run that it is in. */
import { z } from 'zod';
import { drained, plain } from './lines.ts';
import { PromptMarks } from './prompt-marks.ts';
import type { RunRow, Sdk, SdkAgent, SdkRun } from './sdk.ts';
import { isStored, openStore } from './storage.ts';
import type { OpenParams, SendParams } from './words.ts';

/** Tells the adapter; `false`: the pipe is full. */
export type Tell = (method: string, params: object) => boolean;

interface Running {
  readonly key: string;
  /** `null`: the SDK has not answered yet. */
  run: SdkRun | null;
  isCancelled: boolean;
}

/** There is no agent of that id. */
export class AgentNotFound extends Error {}

const summarySchema = z.looseObject({ type: z.literal('task'), text: z.string() });

/** No callback answers it. */
const UNANSWERABLE = ['askQuestion'];

export class Conversation {
  readonly #sdk: Sdk;
  readonly #tell: Tell;
  #agent: SdkAgent | null = null;
  #marks: PromptMarks | null = null;
  #running: Running | null = null;
  /** A run that a killed process has left would be in the way of the first. */
  #mayBeLeft = false;

  constructor(sdk: Sdk, tell: Tell) {
    this.#sdk = sdk;
    this.#tell = tell;
  }

  /** Opened again, the agent goes on with other settings. @throws {AgentNotFound} */
  async open({ agentId, isNew, cwd, model, tools, sandbox, autoReview }: OpenParams): Promise<void> {
    if (!isNew && !isStored(agentId)) throw new AgentNotFound(`agent ${agentId} not found`);
    await this.#agent?.[Symbol.asyncDispose]();
    this.#agent = null;
    this.#marks ??= new PromptMarks(await openStore(this.#sdk, { agentId, cwd }), agentId);
    const { store } = this.#marks;
    const options = {
      model: { id: model },
      ...(tools === null ? {} : { tools }),
      disallowedTools: UNANSWERABLE,
      local: { cwd, store, sandboxOptions: { enabled: sandbox }, autoReview },
    };
    this.#mayBeLeft = !isNew;
    this.#agent = isNew
      ? await this.#sdk.Agent.create({ ...options, agentId })
      : await this.#sdk.Agent.resume(agentId, options);
  }

  /** `answer` is called once the SDK has taken the prompt; what comes of it is told afterwards. */
  async send(params: SendParams, answer: (result: object) => void): Promise<void> {
    const { key } = params;
    if (this.#running !== null) throw new Error('a prompt runs already; an agent takes one at a time');
    const running: Running = { key, run: null, isCancelled: false };
    this.#running = running;
    try {
      const known = await this.#opened.marks.find(key);
      if (known !== null) return this.#repeat(known, answer);
      const early: unknown[] = [];
      const run = await this.#begin(params, (update) => this.#update(running, update, early));
      answer({ runId: run.id });
      for (const update of early) this.#tell('update', { runId: run.id, update });
      running.run = run;
      if (running.isCancelled) await run.cancel();
      void this.#follow(run, running);
      void this.#hearSummaries(run).catch(() => {});
    } catch (error) {
      this.#running = null;
      throw error;
    }
  }

  /** What the SDK says became of it. */
  async steer(key: string, text: string): Promise<string> {
    const run = this.#running?.key === key ? this.#running.run : null;
    return (await run?.steer?.(text)) ?? 'revert_to_followup';
  }

  /** False: nothing of that prompt runs. */
  async cancel(key: string): Promise<boolean> {
    if (this.#running?.key !== key) return false;
    this.#running.isCancelled = true;
    await this.#running.run?.cancel();
    return true;
  }

  /** Ends what runs, so that the agent is found idle. */
  async close(): Promise<void> {
    await this.#running?.run?.cancel();
    await this.#agent?.[Symbol.asyncDispose]();
  }

  get #opened(): { agent: SdkAgent; marks: PromptMarks } {
    if (this.#agent === null || this.#marks === null) throw new Error('no agent is open');
    return { agent: this.#agent, marks: this.#marks };
  }

  #begin(params: SendParams, onUpdate: (update: unknown) => Promise<void>): Promise<SdkRun> {
    const { key, text, images, model, mode } = params;
    const { agent, marks } = this.#opened;
    marks.expect(key);
    const force = this.#mayBeLeft;
    this.#mayBeLeft = false;
    return agent.send(images.length === 0 ? { text } : { text, images }, {
      model,
      mode,
      local: { force },
      onDelta: ({ update }) => onUpdate(plain(update)),
    });
  }

  async #update({ run }: Running, update: unknown, early: unknown[]): Promise<void> {
    if (run === null) early.push(update);
    else if (!this.#tell('update', { runId: run.id, update })) await drained();
  }

  async #follow(run: SdkRun, running: Running): Promise<void> {
    const result = await run.wait().catch((error: unknown) => ({
      status: 'error',
      error: { message: error instanceof Error ? error.message : String(error) },
    }));
    if (this.#running === running) this.#running = null;
    this.#tell('ended', { runId: run.id, result: plain(result) });
  }

  /** 1.0.32 leaves them out of its updates. */
  async #hearSummaries(run: SdkRun): Promise<void> {
    for await (const message of run.stream()) {
      const { data } = summarySchema.safeParse(message);
      if (data === undefined) continue;
      this.#tell('update', { runId: run.id, update: { type: 'summary', summary: data.text } });
    }
  }

  /** The prompt was handed over before: it is not run again, and its end is told once more. */
  #repeat({ runId, status, error }: RunRow, answer: (result: object) => void): void {
    this.#running = null;
    answer({ runId });
    const cause = error === undefined || error === null ? {} : { error: { message: error } };
    this.#tell('ended', { runId, result: { status, ...cause } });
  }
}
