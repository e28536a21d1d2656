/** `threadchart config`: the configuration that a server would run with, where each value comes from, and its schema. */
import { configSchemaJson, explainConfig, type ConfigFlags, type Origin } from '../config.ts';
import { EXIT_CODES, type ExitCode } from './exit-codes.ts';
import type { Terminal } from './terminal.ts';

export function printConfigCommand(flags: ConfigFlags, terminal: Terminal): ExitCode {
  const { config, origins } = explainConfig(flags, process.env);
  const shown: Record<string, unknown> = { ...config, instances: config.instances.map(redacted) };
  if (terminal.isJson) terminal.print('', { config: shown, origins });
  else {
    for (const [key, value] of Object.entries(shown)) {
      const origin = terminal.style('dim', `# ${originOf(origins[key])}`);
      terminal.print(`${key} = ${JSON.stringify(value)}  ${origin}`, null);
    }
  }
  return EXIT_CODES.ok;
}

export function configSchemaCommand(terminal: Terminal): ExitCode {
  const schema = configSchemaJson();
  terminal.print(JSON.stringify(schema, null, 2), schema);
  return EXIT_CODES.ok;
}

/** The environment of an agent is where its keys are. */
function redacted<Instance extends { readonly env: Readonly<Record<string, string>> }>(instance: Instance) {
  return { ...instance, env: Object.fromEntries(Object.keys(instance.env).map((name) => [name, '(set)'])) };
}

const originOf = (origin: Origin | undefined): string =>
  origin === undefined || origin.from === 'default' ? 'default' : `${origin.from} ${origin.name}`;
