/** A repository that outlives the server, with a real git behind it; what is done to it dies with the server, too. */
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { nanoid } from 'nanoid';
import { GitHistory } from '../../adapters/git/index.ts';
import { GitWorktrees } from '../../adapters/git/worktrees.ts';
import { LocalProcessHost } from '../../adapters/shared/process-host.ts';
import { ProcessTree } from '../../adapters/shared/process-tree.ts';
import type { Journal } from '../../machines/ports/journal.ts';
import type { ProcessEvents, ProcessHost, ProcessRow } from '../../machines/ports/process-host.ts';
import type { CrashPlan } from '../helpers/crash-plan.ts';
import { makeRepository, type TestRepository } from '../helpers/git-repository.ts';
import type { RuntimeSetup } from '../helpers/start-runtime.ts';
import { until } from '../helpers/until.ts';
import { usingTempFolder } from '../helpers/using-temp-folder.ts';

type Parts = Required<Pick<RuntimeSetup, 'history' | 'worktrees' | 'processes' | 'endSurvivor'>>;

const env = { PATH: process.env['PATH'] };
/** So many turns of the event loop without anything under way: nothing follows from what was done last. */
const QUIET_TURNS = 3;

export class CrashWorkspace {
  readonly repository: TestRepository = makeRepository();
  readonly #folder = usingTempFolder();
  #pendingCount = 0;
  /** Processes of the server that lives. */
  readonly #processes = new Set<symbol>();
  #isOpen = false;

  constructor() {
    this.repository.commit({ a: 'one\n', '.gitignore': 'built\n' });
  }

  /** What a run of the server works with that dies by the plan. */
  partsFor(plan: CrashPlan, journal: Journal): Parts {
    return {
      history: this.#dying(plan, new GitHistory({ folder: join(this.#folder, 'git'), env })),
      worktrees: this.#dying(plan, new GitWorktrees({ folder: this.#worktrees, env })),
      processes: this.#watched(
        plan,
        new LocalProcessHost({
          table: {
            put: (row) => journal.putProcess(row),
            remove: (marker) => {
              if (!plan.isDead) journal.removeProcess(marker);
            },
          },
          makeMarker: () => nanoid(),
        }),
      ),
      endSurvivor,
    };
  }

  /** A command that does nothing before the gate is open: a server that dies meanwhile leaves it running. */
  behindGate(command: string): string {
    return `until [ -e ${this.#gate} ]; do sleep 0.01; done; ${command}`;
  }

  openGate(): void {
    this.#isOpen = true;
    writeFileSync(this.#gate, '');
  }

  /** Nothing is done to it any more. */
  async rest(): Promise<void> {
    for (let quiet = 0; quiet < QUIET_TURNS; quiet += 1) {
      await until(() => !this.#isBusy, { timeoutMs: 60_000 });
      await nextTurn();
      if (this.#isBusy) quiet = 0;
    }
  }

  /** The server is dead: nobody waits for the processes that it has left. */
  abandon(): void {
    this.#processes.clear();
  }

  /** The threads that have a working tree. */
  get treesOf(): string[] {
    if (!existsSync(this.#worktrees)) return [];
    const records = readdirSync(this.#worktrees).filter((name) => name.endsWith('.json'));
    return records.map((name) => name.slice(0, -'.json'.length));
  }

  /** @throws unless all that was made for threads is gone. */
  mustBeClean(): void {
    const [refs, branches] = [this.#list('refs/threadchart'), this.#list('refs/heads')];
    const trees = this.repository.git('worktree', 'list').trim().split('\n').slice(1);
    const left = [
      ...refs,
      ...branches.filter((name) => name !== 'refs/heads/main'),
      ...trees,
      ...this.treesOf,
    ];
    if (left.length > 0) throw new Error(`left in the repository: ${left.join()}`);
  }

  get #isBusy(): boolean {
    return this.#pendingCount > 0 || (this.#isOpen && this.#processes.size > 0);
  }

  get #gate(): string {
    return join(this.#folder, 'gate');
  }

  get #worktrees(): string {
    return join(this.#folder, 'worktrees');
  }

  #list(refs: string): string[] {
    return this.repository.git('for-each-ref', '--format=%(refname)', refs).split('\n').filter(Boolean);
  }

  /** The same, of which a dead server begins nothing more. */
  #dying<Port extends object>(plan: CrashPlan, port: Port): Port {
    return new Proxy(port, {
      get: (target, name) => {
        const method: unknown = Reflect.get(target, name, target);
        if (typeof method !== 'function') return method;
        return (...args: unknown[]): Promise<unknown> =>
          this.#counting(async () => {
            plan.reach('effect');
            return (await method.apply(target, args)) as unknown;
          });
      },
    });
  }

  #watched(plan: CrashPlan, host: ProcessHost): ProcessHost {
    return {
      spawn: (spec, events) => {
        if (plan.isDead) throw new Error('a dead server starts nothing');
        const process = Symbol(spec.command);
        const onExit: ProcessEvents['onExit'] = (exit, error) => {
          events.onExit(exit, error);
          this.#processes.delete(process);
        };
        const spawned = host.spawn(spec, { ...events, onExit });
        this.#processes.add(process);
        return spawned;
      },
    };
  }

  async #counting<T>(work: () => Promise<T>): Promise<T> {
    this.#pendingCount += 1;
    try {
      return await work();
    } finally {
      this.#pendingCount -= 1;
    }
  }
}

async function endSurvivor({ marker, pid, startTime }: ProcessRow): Promise<void> {
  await new ProcessTree({ marker, pid: pid ?? 0, startTime: startTime ?? '' }).end();
}
