/** `threadchart doctor`: which agents are there, and what to do about those that are not. */
import { loadConfig, type ConfigFlags } from '../config.ts';
import { diagnose, type Diagnosis } from '../doctor.ts';
import type { CliParts } from '../cli.ts';
import { EXIT_CODES, type ExitCode } from './exit-codes.ts';
import type { Terminal } from './terminal.ts';

export async function doctorCommand(
  flags: ConfigFlags,
  { adapters }: CliParts,
  terminal: Terminal,
): Promise<ExitCode> {
  const { instances } = loadConfig(flags, process.env);
  const nothing = { putProcess: () => {}, removeProcess: () => {} };
  const found = await diagnose(instances, adapters.drivers, adapters.makeProcessHost(nothing));
  for (const diagnosis of found) terminal.print(lineOf(diagnosis), diagnosis);
  return found.every((each) => each.isReady || each.isDisabled) ? EXIT_CODES.ok : EXIT_CODES.notReady;
}

function lineOf({ instanceId, isReady, isDisabled, version, account, advice }: Diagnosis): string {
  const words = [isReady ? '✓' : isDisabled ? '–' : '✗', instanceId, version, account, advice];
  return words.filter((word) => word !== null).join('  ');
}
