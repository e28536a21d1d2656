/** Sub-agents of a process: threads of their own, which its connection carries. */
import type { Capabilities } from '../../machines/domain/capability.ts';
import type { Failure } from '../../machines/domain/error.ts';
import {
  carriedConnectionIdOf,
  childThreadIdOf,
  type ConnectionId,
  type ThreadId,
} from '../../machines/domain/ids.ts';
import { byNative } from '../../machines/domain/input.ts';
import { TITLE_LENGTH, type ItemBody } from '../../machines/domain/item.ts';
import { CHILD_LIMIT, type ProviderReport } from '../../machines/ports/provider.ts';
import { OpenRequests } from '../shared/open-requests.ts';
import { ownItem, type TurnRef } from '../shared/own-items.ts';
import { CAPABILITIES } from './capabilities.ts';
import type { OpenRequest } from './open-requests.ts';
import type { TurnResult } from './prompts.ts';
import { Transcript } from './transcript.ts';
import { contextOf, errorItem } from './translate.ts';
import type { AssistantFrame, MessageUsage } from './wire.ts';

/** Who speaks in a process: its main thread, or one of its sub-agents. */
export interface Speaker {
  readonly connectionId: ConnectionId;
  /** The turn that runs, or the last one. */
  readonly turn: TurnRef;
  readonly transcript: Transcript;
  /** What it has asked. */
  readonly requests: OpenRequests<OpenRequest>;
  report(...reports: readonly ProviderReport[]): void;
}

/**
 * It is stopped by its task, and takes no message but those of the agent that began it; one of a person waits until it is
 * over, and begins a conversation of its own.
 */
const CHILD_CAPABILITIES: Capabilities = {
  interrupt: true,
  nativeSteer: false,
  images: CAPABILITIES.images,
  planMode: CAPABILITIES.planMode,
  resume: false,
  compact: false,
};

/** The process that a sub-agent is a part of. */
export interface Carrier {
  readonly connectionId: ConnectionId;
  readonly threadId: ThreadId;
  readonly cwd: string;
  reportOn(threadId: ThreadId, ...reports: readonly ProviderReport[]): void;
}

/** What a sub-agent is to do. */
export interface Task {
  readonly taskId: string;
  /** The call that has begun it, or woken it; `null`: none. */
  readonly callId: string | null;
  /** Unique in the conversation. */
  readonly key: string;
  readonly title: string;
  readonly prompt: string;
}

/** A sub-agent. Its place in the process ends with its task; claude may wake it again. */
export class Agent implements Speaker {
  readonly taskId: string;
  readonly threadId: ThreadId;
  readonly connectionId: ConnectionId;
  readonly transcript: Transcript;
  readonly requests = new OpenRequests<OpenRequest>();
  turn: TurnRef = byNative(null);
  /** Its task is not over. */
  isRunning = false;
  /** The last turn that its thread has seen to the end of. */
  settledTurnId: string | null = null;
  /** Claude's word for what went wrong at the model's end. */
  errorWord = '';
  readonly #carrier: Carrier;
  readonly #usage = new AgentUsage();
  #isGone = false;

  constructor(carrier: Carrier, { taskId, key }: Task) {
    this.#carrier = carrier;
    this.taskId = taskId;
    this.threadId = childThreadIdOf(carrier.threadId, taskId);
    this.connectionId = carriedConnectionIdOf(carrier.connectionId, this.threadId, key);
    this.transcript = new Transcript(this.connectionId, carrier.cwd);
  }

  /** It works no more, and its thread has seen to that. */
  get isOver(): boolean {
    return !this.isRunning && this.settledTurnId === this.turn.nativeTurnId;
  }

  report(...reports: readonly ProviderReport[]): void {
    if (!this.#isGone) this.#carrier.reportOn(this.threadId, ...reports);
  }

  begin({ key, prompt }: Task, rawRef: string): void {
    const { connectionId } = this;
    this.turn = byNative(`agent:${key}`);
    this.isRunning = true;
    this.errorWord = '';
    this.report({ type: 'provider.turnStarted', connectionId, ...this.turn, isNew: false });
    this.told(prompt, key, rawRef);
  }

  /** A message for it. */
  told(text: string, key: string, rawRef: string): void {
    if (text === '' || !this.isRunning) return;
    const { connectionId, turn } = this;
    const body: ItemBody = { kind: 'user_message', intent: 'provider', attachments: [] };
    this.report(ownItem({ connectionId, turn, rawRef }, { key: `told:${key}`, body, text }));
  }

  says(frame: AssistantFrame, rawRef: string): void {
    this.errorWord = frame.error ?? '';
    this.#usage.count(frame);
    const { turn } = this;
    this.report(...this.transcript.assistant({ ...frame, parent_tool_use_id: null }, { turn, rawRef }));
  }

  end({ outcome, failure }: TurnResult, rawRef: string): void {
    if (!this.isRunning) return;
    this.isRunning = false;
    const { connectionId, turn } = this;
    const { usage } = this.#usage;
    if (usage !== null) this.report({ type: 'provider.usageReported', connectionId, usage });
    if (failure !== null) this.report(errorItem(failure, { connectionId, turn, rawRef }));
    this.report({ type: 'provider.turnEnded', connectionId, ...turn, outcome, failure });
    this.transcript.endTurn();
  }

  /** The last word about its connection; `null`: it was closed. */
  leave(lost: Failure | null): void {
    const { connectionId } = this;
    if (lost === null) this.end(INTERRUPTED, '');
    this.report(
      lost === null
        ? { type: 'connection.closed', connectionId }
        : { type: 'connection.lost', connectionId, failure: lost },
    );
    this.#isGone = true;
  }
}

export const INTERRUPTED: TurnResult = { outcome: 'interrupted', failure: null };

/** Tokens of a sub-agent: claude counts them only for the whole process. */
class AgentUsage {
  #messageId = '';
  #last: MessageUsage | null = null;
  #input = 0;
  #cached = 0;
  #output = 0;

  /** Each block of a message comes with the count of the whole. */
  count({ message: { id, usage } }: AssistantFrame): void {
    if (usage === null || usage === undefined) return;
    if (id === this.#messageId) return;
    this.#messageId = id;
    this.#last = usage;
    const cached = usage.cache_read_input_tokens ?? 0;
    this.#cached += cached;
    this.#input += usage.input_tokens + cached + (usage.cache_creation_input_tokens ?? 0);
    this.#output += usage.output_tokens;
  }

  get usage() {
    if (this.#last === null) return null;
    return {
      inputTokens: this.#input,
      cachedInputTokens: this.#cached,
      outputTokens: this.#output,
      reasoningTokens: 0,
      contextTokens: contextOf(this.#last),
      contextWindow: null,
    };
  }
}

/** Calls that are remembered after their sub-agent is gone, so that claude can wake it. */
const MAX_CALL_COUNT = 256;

/** The sub-agents of a process, by their task and by the call that began them. */
export class Agents {
  readonly #byTask = new Map<string, Agent>();
  /** Older versions name only the call in what a sub-agent says, and the first one for ever. */
  readonly #taskOf = new Map<string, string>();

  get all(): readonly Agent[] {
    return [...this.#byTask.values()];
  }

  of(taskId: string | undefined): Agent | null {
    return this.#byTask.get(taskId ?? '') ?? null;
  }

  on(connectionId: ConnectionId): Agent | null {
    return this.all.find((agent) => agent.connectionId === connectionId) ?? null;
  }

  /** Who says it. */
  speaking(taskId: string | undefined, callId: string | null | undefined): Agent | null {
    return this.of(taskId ?? this.#taskOf.get(callId ?? ''));
  }

  /** `null`: there is no room. */
  add(carrier: Carrier, task: Task): Agent | null {
    const idle = this.all.find(({ isRunning }) => !isRunning);
    if (this.#byTask.size >= CHILD_LIMIT) {
      if (idle === undefined) return null;
      this.remove(idle, null);
    }
    const agent = new Agent(carrier, task);
    this.#byTask.set(task.taskId, agent);
    const [oldest] = this.#taskOf.keys();
    if (this.#taskOf.size >= MAX_CALL_COUNT && oldest !== undefined) this.#taskOf.delete(oldest);
    if (task.callId !== null) this.#taskOf.set(task.callId, task.taskId);
    return agent;
  }

  /** One that works no more, and has nothing in the background, has no place in the process. */
  removeOver(): void {
    for (const agent of this.all) {
      if (agent.isOver && !agent.transcript.hasBackground) this.remove(agent, null);
    }
  }

  remove(agent: Agent, lost: Failure | null): void {
    this.#byTask.delete(agent.taskId);
    agent.leave(lost);
  }
}

/** Begins or wakes a sub-agent, and tells the thread that did it. */
export function beginAgent(
  agents: Agents,
  { carrier, owner, rawRef }: { readonly carrier: Carrier; readonly owner: Speaker; readonly rawRef: string },
  task: Task,
): void {
  const known = agents.of(task.taskId);
  if (known?.isRunning === true) return;
  const agent = known ?? agents.add(carrier, task);
  if (agent === null) return;
  const { threadId, connectionId } = agent;
  const { connectionId: on } = owner;
  const followed = owner.transcript.followed(task, { threadId, turn: owner.turn, rawRef });
  if (followed === null) return;
  const title = task.title.slice(0, TITLE_LENGTH);
  const child = {
    threadId,
    connectionId,
    nativeThreadId: null,
    capabilities: CHILD_CAPABILITIES,
    model: null,
  };
  const { itemId, turn, report } = followed;
  owner.report(report, { type: 'provider.agentStarted', connectionId: on, ...turn, itemId, title, child });
  agent.begin(task, rawRef);
}
