import type { ProcessSpec } from '../../machines/ports/process-host.ts';
import type { ProviderHost } from '../../machines/ports/provider.ts';
import { judgeVersion, StartRefused, tooOldFailure, versionIn } from '../shared/launch.ts';
import { ProbingLifecycle } from '../shared/probing-lifecycle.ts';
import { ClaudeProcess } from './claude-process.ts';
import { INITIALIZE } from './connections.ts';
import { reportOf } from './instance-report.ts';
import { probeSpec, PROGRAM, VERSIONS } from './launch.ts';
import { Run } from './run.ts';
import type { Initialized } from './wire.ts';

/** A claude for each connection. */
export const lifecycleOf = (
  spec: ProcessSpec,
  host: ProviderHost,
): ProbingLifecycle<ClaudeProcess, Initialized, Run> =>
  new ProbingLifecycle(host, {
    spec,
    program: PROGRAM,
    // it is asked for one thing, and answers that
    startProbe: (onExit) => new ClaudeProcess(probeSpec(spec), host, { onFrame: () => {}, onExit }),
    ask: (probe) => probe.ask(INITIALIZE),
    accept: async (answer) => {
      const version = answer.claude_code_version ?? (await printedVersion(spec, host));
      judge(version, host);
      return { run: new Run(spec, host, answer.models), report: reportOf(answer, version) };
    },
  });

/** Older versions do not say it in the handshake. */
async function printedVersion(spec: ProcessSpec, host: ProviderHost): Promise<string | null> {
  const { promise, resolve } = Promise.withResolvers<string>();
  let printed = '';
  host.processes.spawn(
    { ...spec, args: ['--version'] },
    {
      onStdout: (bytes) => void (printed += Buffer.from(bytes).toString()),
      onStderr: () => {},
      onExit: () => resolve(printed),
    },
  );
  return versionIn(await promise);
}

function judge(version: string | null, host: ProviderHost): void {
  const verdict = judgeVersion(VERSIONS, version);
  if (version !== null && verdict === 'tooOld')
    throw new StartRefused(tooOldFailure('claude', version, VERSIONS));
  if (verdict === 'untested') host.warn('this version of claude has not been tested', { version });
}
