import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ClaudeProcess } from '../../adapters/claude/claude-process.ts';
import { takeFrame } from '../../adapters/claude/frames.ts';
import { Run } from '../../adapters/claude/run.ts';
import { Session } from '../../adapters/claude/sessions.ts';
import { connectionIdOf, instanceIdSchema, threadIdSchema, turnIdSchema } from '../../machines/domain/ids.ts';
import type { ProcessEvents, ProcessSpec } from '../../machines/ports/process-host.ts';
import type { ProviderHost, ProviderReport } from '../../machines/ports/provider.ts';

const FOLDER = join(import.meta.dirname, '..', 'fixtures', 'claude');
const THREAD_ID = threadIdSchema.parse('t');
const CONNECTION_ID = connectionIdOf(THREAD_ID, 1);
const CWD = '/home/user/workspace';
const SPEC: ProcessSpec = {
  instanceId: instanceIdSchema.parse('claude'),
  command: 'claude',
  args: [],
  env: {},
};

type Frame = Readonly<Record<string, unknown>> & { readonly type: string; readonly uuid?: string };
interface Recording {
  readonly version: string;
  readonly lines: readonly ({ readonly in: Frame } | { readonly out: Frame })[];
}

/** What the adapter makes of the frames that the real claude sent in a scenario. */
export function translateRecording(name: string): ProviderReport[] {
  const recording: Recording = JSON.parse(readFileSync(join(FOLDER, `${name}.json`), 'utf8'));
  const player = new Player(name.startsWith('steer'), name.startsWith('plan') ? 'plan' : 'person');
  for (const line of recording.lines) {
    if ('in' in line) player.hear(line.in);
    else player.say(line.out);
  }
  return player.reports;
}

/** A session whose process is the recording. */
class Player {
  readonly reports: ProviderReport[] = [];
  readonly #session: Session;
  readonly #joins: boolean;
  #events: ProcessEvents | null = null;
  #frameCount = 0;
  #promptCount = 0;

  /** `joins`: a message during a turn is a steer. */
  constructor(joins: boolean, asks: 'person' | 'plan') {
    const host = this.#host();
    const run = new Run(SPEC, host, []);
    const permissionMode = asks === 'plan' ? 'plan' : 'default';
    const inEffect = { permissionMode, asks, model: null, effort: null } as const;
    const ids = { connectionId: CONNECTION_ID, threadId: THREAD_ID, sessionId: 's', cwd: CWD, inEffect };
    const session = new Session(ids, host);
    this.#joins = joins;
    this.#session = session;
    session.process = new ClaudeProcess(SPEC, host, {
      onFrame: (logged) => takeFrame(run, session, logged),
      onExit: () => {},
    });
    session.phase = 'open';
  }

  hear(frame: Frame): void {
    this.#events?.onStdout(Buffer.from(`${JSON.stringify(frame)}\n`));
  }

  say(frame: Frame): void {
    if (frame.type === 'user') return this.#send(frame.uuid ?? '');
    const text = JSON.stringify(frame);
    if (text.includes('"subtype":"interrupt"')) this.#session.transcript.interrupted();
  }

  #send(uuid: string): void {
    const { prompts } = this.#session;
    this.#promptCount += 1;
    const turnId = turnIdSchema.parse(`prompt-${this.#promptCount}`);
    const isSteer = this.#joins && prompts.isRunning;
    const { current } = prompts;
    const key = {
      connectionId: CONNECTION_ID,
      turnId: (isSteer ? current.turnId : null) ?? turnId,
      attempt: 1,
    };
    const message = { uuid, key: { ...key, nativeTurnId: null }, steerId: isSteer ? turnId : null };
    this.#session.report(...prompts.sent(message));
  }

  #host(): ProviderHost {
    return {
      processes: {
        spawn: (_, events) => {
          this.#events = events;
          return {
            pid: 1,
            write: () => true,
            pause: () => {},
            resume: () => {},
            end: () => Promise.resolve(),
          };
        },
      },
      report: (_, report) => void this.reports.push(report),
      reportInstance: () => {},
      settled: () => {},
      attachmentPath: () => null,
      openItems: () => [],
      logFrame: () => `log:${(this.#frameCount += 1)}`,
      warn: (message, details) => {
        throw new Error(`${message}: ${JSON.stringify(details)}`);
      },
    };
  }
}
