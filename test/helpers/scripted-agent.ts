/** A sub-agent of a thread of the scripted provider, as an adapter tells of it. */
import {
  carriedConnectionIdOf,
  childThreadIdOf,
  itemIdOf,
  requestIdSchema,
  type ConnectionId,
  type ThreadId,
} from '../../machines/domain/ids.ts';
import { byNative } from '../../machines/domain/input.ts';
import type { ItemBody } from '../../machines/domain/item.ts';
import type { RequestDraft } from '../../machines/domain/request.ts';
import type { ProviderReport } from '../../machines/ports/provider.ts';
import { SCRIPTED_CAPABILITIES } from './scripted-provider.ts';
import type { RuntimeRun } from './start-runtime.ts';

/** The thread that its connection is of, and the connection. */
export interface Carrier {
  readonly threadId: ThreadId;
  readonly connectionId: ConnectionId;
}

export class ScriptedAgent implements Carrier {
  readonly threadId: ThreadId;
  readonly connectionId: ConnectionId;
  readonly name: string;
  readonly #run: RuntimeRun;
  readonly #parent: Carrier;

  /** `root`: whose process it lives in. `parent`: who began it. */
  constructor(run: RuntimeRun, name: string, { root, parent }: { root: Carrier; parent: Carrier }) {
    this.#run = run;
    this.name = name;
    this.#parent = parent;
    this.threadId = childThreadIdOf(root.threadId, name);
    this.connectionId = carriedConnectionIdOf(parent.connectionId, this.threadId);
  }

  /** The parent's agent begins it, or goes on with it. */
  start(nativeThreadId: string | null = `conversation-${this.name}`): this {
    const { threadId: child, connectionId, name } = this;
    this.tell(this.#parent.threadId, {
      type: 'provider.agentStarted',
      connectionId: this.#parent.connectionId,
      ...byNative(null),
      itemId: itemIdOf('agent', name),
      title: name,
      child: {
        threadId: child,
        connectionId,
        nativeThreadId,
        capabilities: SCRIPTED_CAPABILITIES,
        model: 'small',
      },
    });
    return this;
  }

  begin(turn = `${this.name}-1`): this {
    return this.say({ type: 'provider.turnStarted', ...this.at(turn), isNew: false });
  }

  item(body: ItemBody, text: string, turn = `${this.name}-1`): this {
    const item = { itemId: itemIdOf(turn, text), body, text, status: 'completed' } as const;
    return this.say({ type: 'provider.itemCompleted', ...this.at(turn), item });
  }

  ask(turn = `${this.name}-1`): this {
    const request: RequestDraft = {
      requestId: requestIdSchema.parse(`ask-${turn}`),
      nativeRequestId: 'n',
      body: { kind: 'command', command: 'make' },
      decisions: ['accept', 'decline'],
    };
    return this.say({ type: 'provider.requestOpened', ...this.at(turn), owner: 'turn', request });
  }

  /** What its turn left behind has not ended yet: that is what `settle` tells. */
  finish(turn = `${this.name}-1`): this {
    return this.say({ type: 'provider.turnEnded', ...this.at(turn), outcome: 'completed', failure: null });
  }

  settle(): void {
    const { connectionId } = this;
    const effect = this.#run.world.performed.findLast((each) => each.type === 'turn.settle');
    if (effect?.connectionId === connectionId) this.#run.provider.settle(effect);
  }

  say(report: ProviderReport): this {
    this.tell(this.threadId, report);
    return this;
  }

  protected at(turn: string) {
    return { connectionId: this.connectionId, ...byNative(turn) };
  }

  protected tell(to: ThreadId, report: ProviderReport): void {
    this.#run.provider.report(to, report);
  }
}
