import type { z } from 'zod';
import { itemIdOf, type ConnectionId, type ItemId, type ThreadId } from '../../machines/domain/ids.ts';
import type { ItemBody, ItemDraft, ItemStatus } from '../../machines/domain/item.ts';
import type { ProviderReport } from '../../machines/ports/provider.ts';
import type { TurnRef } from '../shared/own-items.ts';
import { contentOf, finished, TODO_TOOLS, Todos, type Content, type ToolUse } from './items.ts';
import { itemReport, Speech, type ItemReportType, type Place } from './speech.ts';
import { unrecognizedItem } from './translate.ts';
import * as wire from './wire.ts';
import type { AssistantFrame, MessageUsage, ToolResult, UserFrame } from './wire.ts';

/** A tool call that has begun. */
interface OpenTool {
  readonly use: ToolUse;
  readonly itemId: ItemId;
  readonly turn: TurnRef;
  readonly parentItemId: ItemId | null;
  /** The call of the sub-agent that makes it. */
  readonly parentId: string | null;
  content: Content;
  /** Its work goes on when the call itself has its result. */
  isBackground: boolean;
  /** Its work was ended before it was done. */
  isStopped?: boolean;
}

/** Where a call or a message of a sub-agent belongs. */
type Under = Pick<OpenTool, 'turn' | 'parentItemId' | 'parentId'>;

type Block = z.infer<typeof wire.blockSchema>;

interface TaskEnd {
  readonly status: ItemStatus;
  /** Claude's words for it. */
  readonly summary: string;
  /** The last words of a sub-agent. */
  readonly said: string;
}
interface FollowedTask {
  readonly taskId: string;
  readonly callId: string | null;
  readonly title: string;
}
interface FollowedPlace extends Place {
  readonly threadId: ThreadId;
}

/**
 * What claude says and does, as items. A tool's result names only the call, and the end of a background task only the
 * task, so what has begun is kept until its end.
 */
export class Transcript {
  readonly #connectionId: ConnectionId;
  readonly #cwd: string;
  readonly #tools = new Map<string, OpenTool>();
  /** Calls by the background task that does their work. */
  readonly #tasks = new Map<string, string>();
  readonly #declined = new Set<string>();
  readonly #todos = new Todos();
  readonly #speech: Speech;
  #isInterrupted = false;
  #said = '';
  #usage: MessageUsage | null = null;

  constructor(connectionId: ConnectionId, cwd: string) {
    this.#connectionId = connectionId;
    this.#cwd = cwd;
    this.#speech = new Speech(connectionId);
  }

  /** Of the newest reply of the model. */
  get usage(): MessageUsage | null {
    return this.#usage;
  }

  /** The last words of the model. */
  get said(): string {
    return this.#said;
  }

  /** Work that outlives its turn goes on. */
  get hasBackground(): boolean {
    return [...this.#tools.values()].some(({ isBackground }) => isBackground);
  }

  /** Calls that wait for their result, or whose work goes on. */
  tool(toolUseId: string): Pick<OpenTool, 'itemId' | 'turn'> | null {
    return this.#tools.get(toolUseId) ?? null;
  }

  /** The sub-agent that makes the call; `agentId` names it where the call itself is not known. */
  agentOf(toolUseId: string, agentId: string): Pick<OpenTool, 'itemId' | 'turn'> | null {
    const parentId = this.#tools.get(toolUseId)?.parentId ?? this.#tasks.get(agentId) ?? '';
    return this.tool(parentId);
  }

  /** The call is its own, and waits for its result, or for the end of its work. */
  has(toolUseId: string): boolean {
    return this.#tools.has(toolUseId);
  }

  /** A call of its own waits for the end of the task. */
  hasTask(taskId: string): boolean {
    return this.has(this.#tasks.get(taskId) ?? '');
  }

  /** What a call was made with; `null`: it is not open. */
  inputOf(toolUseId: string): ToolUse['input'] | null {
    return this.#tools.get(toolUseId)?.use.input ?? null;
  }

  /** The call of a sub-agent, which is a thread of its own; where claude has woken it without one, its task. */
  followed({ taskId, callId, title }: FollowedTask, { threadId, ...place }: FollowedPlace) {
    if (callId !== null) this.#tasks.set(taskId, callId);
    const tool = this.#tools.get(this.#tasks.get(taskId) ?? '');
    if (tool === undefined) return null;
    const { body } = tool.content;
    const known = body.kind === 'subagent' ? body : ({ kind: 'subagent', title } as const);
    tool.content = { ...tool.content, body: { ...known, threadId } };
    const { itemId, turn } = tool;
    const report = this.#report('provider.itemUpdated', turn, this.#toolDraft(tool, tool.content, place));
    return { itemId, turn, report };
  }

  /** A person or a rule has said no to the call. */
  declined(toolUseId: string): void {
    this.#declined.add(toolUseId);
  }

  /** The turn has been told to stop. */
  get isInterrupted(): boolean {
    return this.#isInterrupted;
  }

  /** The turn has been told to stop: what fails from now on was cut off. */
  interrupted(): void {
    this.#isInterrupted = true;
  }

  /** More text of the main thread; sub-agents are not streamed. */
  stream(frame: unknown, place: Place): readonly ProviderReport[] {
    const { parent_tool_use_id: parent, event } = wire.streamEventSchema.parse(frame);
    return parent === null || parent === undefined ? this.#speech.stream(event, place) : [];
  }

  /** The reply is begun anew: what was streamed of it counts no more. */
  drop(place: Place): readonly ProviderReport[] {
    return this.#speech.drop(place);
  }

  /** The turn has ended; what its calls left open is closed by the thread. */
  endTurn(): void {
    this.#speech.endTurn();
    this.#isInterrupted = false;
    this.#declined.clear();
    for (const [id, tool] of this.#tools) if (!this.#outlives(tool)) this.#tools.delete(id);
  }

  assistant(frame: AssistantFrame, place: Place): readonly ProviderReport[] {
    const { message, parent_tool_use_id: parent, error } = frame;
    const isMain = parent === null || parent === undefined;
    // its words are those of the turn's failure
    if (error !== null && error !== undefined) return [];
    if (isMain) this.#usage = message.usage ?? this.#usage;
    return message.content.flatMap((raw, index) => {
      const block = wire.blockSchema.safeParse(raw);
      if (!block.success) return [this.#unknownBlock(raw, frame, place)];
      return isMain
        ? this.#mainBlock(block.data, frame, place)
        : this.#agentBlock(block.data, { frame, index }, place);
    });
  }

  user(frame: UserFrame, place: Place): readonly ProviderReport[] {
    const { content } = frame.message;
    if (typeof content === 'string') return [];
    return content.flatMap((part) => {
      const { data } = wire.toolResultSchema.safeParse(part);
      return data === undefined ? [] : this.#result(data, frame, place);
    });
  }

  /** The plan is handed over, and the call that did it will be declined: its result says nothing. */
  planned(toolUseId: string, plan: string, place: Place): readonly ProviderReport[] {
    const tool = this.#tools.get(toolUseId);
    if (tool === undefined) return [];
    this.#tools.delete(toolUseId);
    const content: Content = { body: { kind: 'plan' }, text: plan || tool.content.text, status: 'completed' };
    return [this.#report('provider.itemCompleted', tool.turn, this.#toolDraft(tool, content, place))];
  }

  taskStarted(frame: z.infer<typeof wire.taskStartedSchema>, place: Place): readonly ProviderReport[] {
    const { task_id: taskId, tool_use_id: toolUseId, description } = frame;
    const tool = this.#tools.get(toolUseId ?? '');
    if (tool !== undefined) {
      this.#tasks.set(taskId, tool.use.id);
      tool.isBackground ||= frame.is_backgrounded === true;
      return [];
    }
    if (frame.ambient) return [];
    const isAgent = frame.task_type === AGENT_TASK;
    const kind = isAgent ? 'subagent' : 'task';
    // claude 2.1.329 goes on with a sub-agent that was over where a message for it was left
    const id = isAgent ? `task:${taskId}:${frame.uuid}` : `task:${taskId}`;
    const use = { id, name: 'task', input: {} };
    const content: Content = { body: { kind, title: description }, text: '', status: 'open' };
    this.#tasks.set(taskId, use.id);
    return [
      this.#begin(
        use,
        { content, isBackground: true, parentItemId: null, parentId: null, turn: place.turn },
        place,
      ),
    ];
  }

  taskMoved(taskId: string): void {
    const tool = this.#tools.get(this.#tasks.get(taskId) ?? '');
    if (tool !== undefined) tool.isBackground = true;
  }

  /** A task that runs in the foreground is ended by the result of its call. */
  taskEnded(taskId: string, end: TaskEnd, place: Place): readonly ProviderReport[] {
    const tool = this.#tools.get(this.#tasks.get(taskId) ?? '');
    this.#tasks.delete(taskId);
    if (tool === undefined) return [];
    tool.isStopped = end.status === 'interrupted';
    const { status, summary, said } = end;
    const text = said || (tool.isBackground && summary) || tool.content.text;
    const content: Content = { ...tool.content, text };
    tool.content = content;
    if (!tool.isBackground) return [];
    this.#tools.delete(tool.use.id);
    const draft = this.#toolDraft(tool, { ...content, status }, place);
    return [this.#report('provider.itemCompleted', tool.turn, draft)];
  }

  /** Background tasks that are not among those that live, all of them: they have ended without a word. */
  tasksGone(living: ReadonlySet<string>): readonly string[] {
    return [...this.#tasks].flatMap(([taskId, toolUseId]) =>
      !living.has(taskId) && this.#tools.get(toolUseId)?.isBackground === true ? [taskId] : [],
    );
  }

  #mainBlock(block: Block, frame: AssistantFrame, place: Place): readonly ProviderReport[] {
    if (block.type === 'tool_use')
      return this.#call(block, { turn: place.turn, parentItemId: null, parentId: null }, place);
    if (block.type === 'redacted_thinking') return [];
    const kind = block.type === 'text' ? 'assistant_message' : 'reasoning';
    const text = block.type === 'text' ? block.text : block.thinking;
    if (block.type === 'text') this.#said = text;
    const status = frame.aborted === true ? 'interrupted' : 'completed';
    return this.#speech.block(kind, { text, status }, place);
  }

  /** What a sub-agent says, as items of the call that began it. */
  #agentBlock(
    block: Block,
    { frame, index }: { readonly frame: AssistantFrame; readonly index: number },
    place: Place,
  ): readonly ProviderReport[] {
    const at = this.#under(frame.parent_tool_use_id ?? '', place);
    if (block.type === 'tool_use') return this.#call(block, at, place);
    const text = block.type === 'text' ? block.text : '';
    const thought = block.type === 'thinking' ? block.thinking : '';
    if (text === '' && thought === '') return [];
    const body: ItemBody = { kind: text === '' ? 'reasoning' : 'assistant_message' };
    const itemId = itemIdOf(this.#connectionId, `${frame.uuid}:${index}`);
    const draft: ItemDraft = {
      itemId,
      body,
      text: text || thought,
      status: 'completed',
      rawRef: place.rawRef,
    };
    return [this.#report('provider.itemCompleted', at.turn, { ...draft, ...parentOf(at.parentItemId) })];
  }

  /** It is work in the background, or part of such. */
  #outlives({ isBackground, parentId }: OpenTool): boolean {
    const parent = parentId === null ? undefined : this.#tools.get(parentId);
    return isBackground || (parent !== undefined && this.#outlives(parent));
  }

  #under(toolUseId: string, { turn }: Place): Under {
    const parent = this.#tools.get(toolUseId);
    return {
      turn: parent?.turn ?? turn,
      parentItemId: parent?.itemId ?? null,
      parentId: parent?.use.id ?? null,
    };
  }

  #unknownBlock(raw: object, frame: AssistantFrame, place: Place): ProviderReport {
    const at = this.#under(frame.parent_tool_use_id ?? '', place);
    const type: unknown = Reflect.get(raw, 'type');
    const item = unrecognizedItem(`block:${String(type)}`, raw, {
      ...place,
      connectionId: this.#connectionId,
    });
    return this.#report('provider.itemCompleted', at.turn, item);
  }

  // ---- tools -----------------------------------------------------------------------------------------------------

  #call({ id, name, input }: ToolUse, at: Under, place: Place): readonly ProviderReport[] {
    const use = { id, name, input };
    const begun = { content: contentOf(use, this.#cwd), isBackground: false, ...at };
    const report = this.#begin(use, begun, place);
    return TODO_TOOLS.has(name) ? [] : [report];
  }

  #begin(use: ToolUse, begun: Omit<OpenTool, 'use' | 'itemId'>, place: Place): ProviderReport {
    const itemId = itemIdOf(begun.turn.nativeTurnId ?? this.#connectionId, use.id);
    const tool = { ...begun, use, itemId };
    this.#tools.set(use.id, tool);
    return this.#report('provider.itemStarted', tool.turn, this.#toolDraft(tool, tool.content, place));
  }

  #result(result: ToolResult, frame: UserFrame, place: Place): readonly ProviderReport[] {
    const tool = this.#tools.get(result.tool_use_id);
    if (tool === undefined) return [];
    const details = frame.tool_use_result;
    if (TODO_TOOLS.has(tool.use.name)) {
      this.#tools.delete(tool.use.id);
      return this.#todoReports(tool, details, place);
    }
    tool.isBackground ||= isLaunched(details) || isWoken(tool, details);
    if (tool.isBackground && result.is_error !== true) {
      // its words are for the model: that it has been launched, and how to look after it
      return [this.#report('provider.itemUpdated', tool.turn, this.#toolDraft(tool, tool.content, place))];
    }
    this.#tools.delete(tool.use.id);
    const end = finished(tool.content, result, details);
    const status = tool.isStopped === true ? 'interrupted' : this.#statusOf(end.status, result, frame);
    const content = { ...end, status };
    return [this.#report('provider.itemCompleted', tool.turn, this.#toolDraft(tool, content, place))];
  }

  #statusOf(
    status: ItemStatus,
    { tool_use_id: id }: ToolResult,
    { tool_result_meta: meta }: UserFrame,
  ): ItemStatus {
    if (status !== 'failed') return status;
    if (this.#declined.has(id)) return 'declined';
    if (this.#isInterrupted) return 'interrupted';
    const kind = meta?.find((each) => each.id === id)?.non_execution_kind;
    return kind === 'permission-rule' ? 'declined' : status;
  }

  #todoReports({ use, turn }: OpenTool, details: unknown, place: Place): readonly ProviderReport[] {
    const steps = this.#todos.take(use, details);
    if (steps === null) return [];
    const draft: ItemDraft = {
      itemId: itemIdOf(turn.nativeTurnId ?? this.#connectionId, 'todos'),
      body: { kind: 'todo_list', steps: [...steps] },
      text: '',
      status: 'completed',
      rawRef: place.rawRef,
    };
    const connectionId = this.#connectionId;
    return [
      { type: 'provider.planReported', connectionId, ...turn, explanation: null, steps: [...steps] },
      this.#report('provider.itemCompleted', turn, draft),
    ];
  }

  #toolDraft({ itemId, parentItemId }: OpenTool, content: Content, { rawRef }: Place): ItemDraft {
    return { itemId, ...content, ...parentOf(parentItemId), rawRef };
  }

  #report(type: ItemReportType, turn: TurnRef, item: ItemDraft): ProviderReport {
    return itemReport(type, { connectionId: this.#connectionId, turn }, item);
  }
}

/** A task that is a sub-agent. */
export const AGENT_TASK = 'local_agent';

/** Older versions say only here that the work goes on. */
function isLaunched(details: unknown): boolean {
  const agent = wire.agentResultSchema.safeParse(details).data;
  if (agent?.status === 'async_launched') return true;
  const command = wire.bashResultSchema.safeParse(details).data;
  return command?.backgroundTaskId !== undefined && command.backgroundTaskId !== null;
}

/** They say only here that a message has woken a sub-agent. */
function isWoken({ content }: OpenTool, details: unknown): boolean {
  const { resumedAgentId } = wire.sentResultSchema.safeParse(details).data ?? {};
  return content.body.kind === 'subagent' && typeof resumedAgentId === 'string';
}

const parentOf = (parentItemId: ItemId | null) => (parentItemId === null ? {} : { parentItemId });
