/** `threadchart serve`: runs until a signal, drains at the first, hurries at the second; SIGHUP reads the configuration again. */
import { configPath, loadConfig, type ConfigFlags } from '../config.ts';
import { makeLog } from '../log.ts';
import { serve, type RunningServer } from '../serve.ts';
import type { CliParts } from '../cli.ts';
import { EXIT_CODES, type ExitCode } from './exit-codes.ts';
import { removeServerFile, writeServerFile } from './server-file.ts';
import type { Terminal } from './terminal.ts';

const SIGNALS = ['SIGTERM', 'SIGINT'] as const;

export interface ServeFlags extends ConfigFlags {
  /** Where Stately's inspector listens; `true`: where it does by default. */
  readonly inspect?: string | true;
}

export async function serveCommand(
  { inspect, ...flags }: ServeFlags,
  { adapters, release, ...served }: CliParts,
  terminal: Terminal,
): Promise<ExitCode> {
  const config = loadConfig(flags, process.env);
  const log = makeLog({ level: config.logLevel, redact: adapters.secrets.redact });
  const startRelay = await relayTo(inspect);
  const source = { path: configPath(flags, process.env), load: () => loadConfig(flags, process.env) };
  const server = await serve(config, adapters, { log, release, source, ...served }).catch(
    (error: unknown) => {
      throw isTaken(error)
        ? Object.assign(error, { message: `${error.message}; --port takes another one` })
        : error;
    },
  );
  const { url, tokenFile } = server;
  const relay = startRelay(server);
  const place = { url, pid: process.pid, tokenFile };
  writeServerFile(config.data, place);
  terminal.print(`threadchart listens on ${url} (token in ${tokenFile})`, place);
  // in no log: only who sits at the terminal may use it
  if (!terminal.isJson && terminal.columns !== null) terminal.print(`console: ${server.signInUrl()}`, {});
  const exitCode = await ended(server, config.drainMs, (message) => log.info({}, message));
  relay?.end();
  removeServerFile(config.data);
  return exitCode;
}

/** Nothing of it is loaded where nobody asks for it. @throws {RuntimeError} INVALID_PARAMS */
async function relayTo(inspect: string | true | undefined) {
  if (inspect === undefined) return () => null;
  const { DEFAULT_INSPECTOR_URL, InspectionRelay, inspectorUrl } = await import('../inspection-relay.ts');
  const url = inspectorUrl(inspect === true ? DEFAULT_INSPECTOR_URL : inspect);
  return ({ runtime }: RunningServer) => new InspectionRelay(runtime, url);
}

/** Resolves when the server has stopped: on a signal, or because its store failed for good. */
async function ended(
  server: RunningServer,
  drainMs: number,
  say: (message: string) => void,
): Promise<ExitCode> {
  const { promise, resolve } = Promise.withResolvers<ExitCode>();
  let isStopping = false;
  const onSignal = (signal: NodeJS.Signals): void => {
    say(isStopping ? `${signal}: ends at once` : `${signal}: drains for at most ${drainMs / 1000} s`);
    const stopped = server.stop(isStopping ? 0 : drainMs);
    isStopping = true;
    void stopped.then(() => resolve(EXIT_CODES.ok));
  };
  // on a terminal it is the terminal that is gone
  const onHangUp = (): void => {
    if (process.stdin.isTTY) return onSignal('SIGHUP');
    say('SIGHUP: reads the configuration again');
    void server.reload();
  };
  for (const signal of SIGNALS) process.on(signal, onSignal);
  process.on('SIGHUP', onHangUp);
  void server.failed.then(async (cause) => {
    say(`the store failed: ${cause.message}`);
    await server.stop(0);
    resolve(EXIT_CODES.storeFailed);
  });
  const exitCode = await promise;
  for (const signal of SIGNALS) process.off(signal, onSignal);
  process.off('SIGHUP', onHangUp);
  return exitCode;
}

const isTaken = (error: unknown): error is Error =>
  error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
