import type { Failure } from '../../machines/domain/error.ts';
import type { ProcessSpec } from '../../machines/ports/process-host.ts';
import type { ProviderHost } from '../../machines/ports/provider.ts';
import { StartRefused } from '../shared/launch.ts';
import { ProbingLifecycle } from '../shared/probing-lifecycle.ts';
import { AgentProcess } from './agent-process.ts';
import { handshakeWith } from './connections.ts';
import { reportOf } from './instance-report.ts';
import { handshakeProblem, launchProblem, withModel } from './launch.ts';
import type { Preset } from './presets.ts';
import { Run } from './run.ts';
import type { Initialized } from './wire.ts';

/** What an instance is asked, and what serves its threads then. */
interface Launch {
  readonly spec: ProcessSpec;
  readonly preset: Preset;
  readonly host: ProviderHost;
}

/** A process for each connection: an agent that answers no more could not be ended without its other threads. */
export const lifecycleOf = ({
  spec,
  preset,
  host,
}: Launch): ProbingLifecycle<AgentProcess, Initialized, Run> =>
  new ProbingLifecycle(host, {
    spec,
    program: preset.name,
    startProbe: (onExit) => {
      refuse(launchProblem(spec));
      // it is asked for one thing, and answers that
      const events = { onNotification: () => {}, onRequest: () => {}, onExit };
      return new AgentProcess(withModel(spec, null), { host, name: preset.name, ...events });
    },
    ask: (probe) => probe.ask(handshakeWith(preset)),
    accept: (answer) => {
      refuse(handshakeProblem(answer, preset));
      warnOfVersion({ preset, host }, answer);
      return { run: new Run(spec, preset, host), report: reportOf(answer) };
    },
  });

function warnOfVersion({ preset, host }: Omit<Launch, 'spec'>, { agentInfo }: Initialized): void {
  const { tested, name } = preset;
  const version = agentInfo?.version ?? null;
  if (tested.length === 0 || (version !== null && tested.includes(version))) return;
  host.warn(`this version of ${name} has not been tested`, { version });
}

function refuse(problem: Failure | null): void {
  if (problem !== null) throw new StartRefused(problem);
}
