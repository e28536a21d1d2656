/**
 * A provider whose behaviour is written in the prompt: words, done one after the other. It lives in a `World` that
 * survives the server, as a real provider's conversations on disk do. What it says waits in the world's outbox until
 * the test delivers it, so that a test decides what comes before what.
 *
 * Words: `long` a message of 20 deltas · `ask`, `ask2` one or two approvals, waits for all answers · `question`, `secret` ·
 * `open` leaves an item open · `wait` until the test goes on · `silent` nothing more · `mute` no message · `late` an item
 * that completes after the end · `fail` · `lose` (the session is lost) · `die` (the process exits) · instead of a start:
 * `refuse` · `unanswered` · `accept-only` · `absorb` (into a turn of its own). Any other word is a message of two deltas.
 */
import type { Capabilities } from '../../machines/domain/capability.ts';
import type { OpenConnection, ProviderEffect } from '../../machines/domain/effect.ts';
import { failure } from '../../machines/domain/error.ts';
import {
  threadIdOf,
  threadIdSchema,
  type ConnectionId,
  type InstanceId,
  type ThreadId,
} from '../../machines/domain/ids.ts';
import type {
  InstanceReportInput,
  ProviderAdapter,
  ProviderDriver,
  ProviderHost,
  ProviderReport,
} from '../../machines/ports/provider.ts';
import { ScriptedSession } from './scripted-session.ts';
import type { Message, World } from './scripted-world.ts';

export const SCRIPTED_CAPABILITIES: Capabilities = {
  interrupt: true,
  nativeSteer: true,
  images: true,
  planMode: true,
  resume: true,
  compact: true,
};

/** A record of what was said, which asks for nothing. */
const CARRIED = /<carried_context>.*<\/carried_context>\s*/s;

type TurnEffect = Extract<ProviderEffect, { readonly attempt: number; readonly connectionId: string }>;
type EffectOf<T extends ProviderEffect['type']> = Extract<ProviderEffect, { type: T }>;

/** `onCreate` hands the adapter of each run of the server to the test. */
export function scriptedDriver(
  world: World,
  capabilities: Capabilities = SCRIPTED_CAPABILITIES,
  onCreate: (provider: ScriptedProvider, instanceId: InstanceId) => void = () => {},
): ProviderDriver {
  return {
    driver: 'scripted',
    create: ({ instanceId }, host) => {
      const provider = new ScriptedProvider(world, host, capabilities);
      onCreate(provider, instanceId);
      return provider;
    },
  };
}

export class ScriptedProvider implements ProviderAdapter {
  readonly capabilities: Capabilities;
  connectionIdleMs?: number;
  readonly #world: World;
  readonly #host: ProviderHost;
  readonly #sessions = new Map<ConnectionId, ScriptedSession>();
  #isRunning = false;
  isPaused = false;
  isDisposed = false;

  constructor(world: World, host: ProviderHost, capabilities: Capabilities) {
    this.#world = world;
    this.#host = host;
    this.capabilities = capabilities;
  }

  perform(effect: ProviderEffect): void {
    this.#world.onPerform?.(effect);
    this.#world.performed.push(effect);
    switch (effect.type) {
      case 'process.start':
        return this.#start();
      case 'process.stop':
        this.#isRunning = false;
        return this.#sayInstance({ type: 'process.stopped' });
      case 'connection.open':
        return this.#open(effect);
      case 'connection.close':
        return this.#close(effect);
      case 'connection.kill':
        this.#sessions.delete(effect.connectionId);
        return;
      case 'turn.lookUp':
        return this.#lookUp(effect);
      case 'request.answer':
        return this.#answer(effect);
      case 'request.refuse':
        return;
      default:
        return this.#onTurn(effect);
    }
  }

  setPaused(paused: boolean): void {
    this.isPaused = paused;
  }

  dispose(): Promise<void> {
    this.isDisposed = true;
    this.#isRunning = false;
    this.#sessions.clear();
    return Promise.resolve();
  }

  /** The process exits by itself. */
  die(): void {
    this.#isRunning = false;
    this.#sessions.clear();
    const cause = failure('CONNECTION_LOST', 'the process exited', { class: 'transport' });
    this.#sayInstance({ type: 'process.exited', failure: cause });
  }

  /** A turn of the provider's own making. Returns its native id. */
  begin(connectionId: ConnectionId, text: string): string {
    const session = this.session(connectionId);
    const native = session.begin(text.split(' '), null, null);
    session.start();
    session.goOn();
    return native;
  }

  /** Says anything about any thread. */
  report(threadId: string, report: ProviderReport): void {
    this.#report(threadIdSchema.parse(threadId), report);
  }

  /** Says that the end of a turn is complete which no session of the script has. */
  settle({ connectionId, turnId, attempt }: EffectOf<'turn.settle'>): void {
    this.#world.say(
      () => this.#host.settled(threadIdOf(connectionId), turnId, attempt),
      ['settled', turnId, attempt],
    );
  }

  reportInstance(report: InstanceReportInput): void {
    this.#sayInstance(report);
  }

  session(connectionId: ConnectionId): ScriptedSession {
    const session = this.#sessions.get(connectionId);
    if (session === undefined) throw new Error(`the provider has no session ${connectionId}`);
    return session;
  }

  get connectionIds(): ConnectionId[] {
    return [...this.#sessions.keys()];
  }

  #start(): void {
    const { process } = this.#world.faults;
    if (process === 'silent') return;
    if (process === 'fail' || process === 'missing') {
      const cause = failure('OPEN_FAILED', 'it does not start', { retryable: process === 'fail' });
      return this.#sayInstance({ type: 'process.failed', failure: cause });
    }
    this.#isRunning = true;
    this.#sayInstance({ type: 'process.started', report: { version: '1.0.0', models: [] } });
  }

  #open(effect: OpenConnection): void {
    const { open } = this.#world.faults;
    const { threadId, connectionId, resume } = effect;
    if (open === 'silent') return;
    const isOpening = this.#isRunning && open !== 'fail' && (open !== 'forgotten' || resume === null);
    const native = isOpening ? this.#world.conversationOf(effect) : '';
    const session = new ScriptedSession(effect, native, {
      world: this.#world,
      host: this.#host,
      die: () => this.die(),
      forget: () => void this.#sessions.delete(connectionId),
    });
    if (!isOpening) {
      const cause = failure(open === 'forgotten' ? 'RESUME_FAILED' : 'OPEN_FAILED', '');
      return session.say({ type: 'connection.openFailed', connectionId, failure: cause });
    }
    this.#sessions.set(connectionId, session);
    const { capabilities } = this;
    const opened = { nativeThreadId: native, resumed: resume !== null, capabilities, model: 'model-1' };
    this.#report(threadId, { type: 'connection.opened', connectionId, ...opened });
  }

  #close({ connectionId }: EffectOf<'connection.close'>): void {
    const { close } = this.#world.faults;
    const session = this.#sessions.get(connectionId);
    if (close === 'silent') return;
    if (close === 'fail' && session !== undefined) {
      const cause = failure('CLOSE_FAILED', 'it does not let go');
      return session.say({ type: 'connection.closeFailed', connectionId, failure: cause });
    }
    this.#sessions.delete(connectionId);
    const threadId = threadIdSchema.parse(connectionId.split('#')[0]);
    this.#report(threadId, { type: 'connection.closed', connectionId });
  }

  #lookUp({ threadId, turnId, attempt, nativeThreadId, clientMessageId }: EffectOf<'turn.lookUp'>): void {
    const { lookUp } = this.#world.faults;
    if (lookUp === 'silent') return;
    const messages = nativeThreadId === null ? [] : (this.#world.conversations.get(nativeThreadId) ?? []);
    const outcome = messages.find((each) => each.clientMessageId === clientMessageId)?.outcome ?? 'absent';
    const known = outcome === 'running' ? 'interrupted' : outcome;
    const found = lookUp === 'unknown' ? 'unknown' : known;
    const answer = { type: 'provider.turnLookedUp', turnId, attempt, found, failure: null } as const;
    this.#report(threadId, answer);
  }

  #onTurn(effect: TurnEffect): void {
    const session = this.#sessions.get(effect.connectionId);
    if (session === undefined) return;
    switch (effect.type) {
      case 'turn.start':
        return this.#startTurn(session, effect);
      case 'turn.compact':
        return this.#compact(session, effect);
      case 'turn.steer':
        return this.#steer(session, effect);
      case 'turn.interrupt':
        return this.#interrupt(session, effect);
      case 'turn.settle':
        if (this.#world.faults.settle === 'silent') return;
        return this.#world.say(
          () => this.#host.settled(session.threadId, effect.turnId, effect.attempt),
          ['settled', effect.turnId, effect.attempt],
        );
    }
  }

  #startTurn(session: ScriptedSession, effect: EffectOf<'turn.start'>): void {
    const { connectionId, turnId, attempt, prompt, clientMessageId } = effect;
    const words = prompt.text
      .replace(CARRIED, '')
      .split(' ')
      .filter((word) => word !== '');
    this.#world.received.push(clientMessageId);
    if (this.#world.faults.start === 'silent' || words.includes('unanswered')) return;
    const named = { connectionId, turnId, attempt };
    if (words.includes('refuse')) {
      const cause = failure('START_REFUSED', 'it refuses the prompt');
      return session.say({ type: 'provider.turnRefused', ...named, nativeTurnId: null, failure: cause });
    }
    const message: Message = { clientMessageId, text: prompt.text, outcome: 'running' };
    this.#world.conversations.get(session.native)?.push(message);
    const isAbsorbed = words.includes('absorb');
    const own = words.includes('mute') ? ['mute'] : ['text'];
    const nativeTurnId = session.begin(isAbsorbed ? own : words, effect, isAbsorbed ? null : message);
    message.nativeTurnId = nativeTurnId;
    if (isAbsorbed) session.start();
    session.say({ type: 'provider.turnAccepted', ...named, nativeTurnId });
    if (words.includes('accept-only')) return;
    if (!isAbsorbed) session.start();
    session.goOn();
  }

  #compact(session: ScriptedSession, effect: EffectOf<'turn.compact'>): void {
    const { connectionId, turnId, attempt } = effect;
    const { compact } = this.#world.faults;
    const named = { connectionId, turnId, attempt };
    if (compact === 'silent') return;
    if (compact === 'refuse') {
      const cause = failure('START_REFUSED', 'there is nothing to compact');
      return session.say({ type: 'provider.turnRefused', ...named, nativeTurnId: null, failure: cause });
    }
    const nativeTurnId = session.begin([...(compact === 'wait' ? ['wait'] : []), 'compaction'], effect, null);
    session.say({ type: 'provider.turnAccepted', ...named, nativeTurnId });
    session.start();
    session.goOn();
  }

  #answer({ connectionId, requestId, nativeRequestId }: EffectOf<'request.answer'>): void {
    const session = this.#sessions.get(connectionId);
    const { answer } = this.#world.faults;
    if (session === undefined || answer === 'silent') return;
    const named = { connectionId, requestId, owner: 'turn' } as const;
    if (answer === 'fail') {
      const cause = failure('ANSWER_UNDELIVERED', 'the pipe is broken');
      return session.say({ type: 'provider.requestUndeliverable', ...named, failure: cause });
    }
    session.say({ type: 'provider.requestResolved', ...named });
    session.answered(nativeRequestId);
  }

  #steer(session: ScriptedSession, effect: EffectOf<'turn.steer'>): void {
    const { connectionId, turnId, attempt, nativeTurnId, steer } = effect;
    const { steer: fault } = this.#world.faults;
    const named = { connectionId, turnId, attempt, nativeTurnId, steerId: steer.turnId };
    if (fault !== 'silent' && (fault === 'refuse' || session.turn === null)) {
      const cause = failure('STEER_REFUSED', 'not now');
      return session.say({ type: 'provider.steerRefused', ...named, failure: cause });
    }
    this.#world.received.push(effect.clientMessageId);
    if (fault === 'silent' || session.turn === null) return;
    session.say({ type: 'provider.steerAccepted', ...named });
    session.turn.words.push(...steer.text.split(' '));
    if (session.turn.openRequests.size === 0) session.goOn();
  }

  #interrupt(session: ScriptedSession, effect: EffectOf<'turn.interrupt'>): void {
    const { connectionId, turnId, attempt, nativeTurnId } = effect;
    const fault = this.#world.faults.interrupt;
    if (fault === 'silent') return;
    if (fault === 'refuse' || session.turn === null) {
      const cause = failure('START_REFUSED', 'no active turn to interrupt');
      const named = { connectionId, turnId, attempt, nativeTurnId };
      return session.say({ type: 'provider.interruptRefused', ...named, failure: cause });
    }
    session.end(fault === 'complete' ? 'completed' : 'interrupted');
  }

  #sayInstance(report: InstanceReportInput): void {
    this.#world.say(() => this.#host.reportInstance(report), report);
  }

  #report(threadId: ThreadId, report: ProviderReport): void {
    this.#world.say(() => this.#host.report(threadId, report), report);
  }
}
