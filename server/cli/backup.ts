/** `threadchart backup`: database, attachments and configuration in one archive, while the server runs or not. */
import { closeSync, existsSync, linkSync, openSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { RuntimeError } from '../../machines/domain/error.ts';
import type { CliParts } from '../cli.ts';
import { dataFolder, type ConfigFlags } from '../config.ts';
import { EXIT_CODES, type ExitCode } from './exit-codes.ts';
import { TarWriter } from './tar.ts';
import type { Terminal } from './terminal.ts';

const PRIVATE_MODE = 0o600;
/** A draft of an upload has a name that begins with a dot. */
const ATTACHMENT = /^[0-9a-f]{64}$/;

/** Tokens are left out: the server of the restored folder makes its own. */
export function backupCommand(
  file: string,
  flags: ConfigFlags,
  { adapters, terminal }: Pick<CliParts, 'adapters'> & { readonly terminal: Terminal },
): ExitCode {
  const target = resolve(file);
  const data = dataFolder(flags, process.env);
  if (existsSync(target)) throw inTheWay(target);
  const draft = `${target}.part`;
  const database = `${draft}.db`;
  try {
    adapters.copyDatabase(data, database);
    const attachments = attachmentsIn(data);
    const config = flags.config ?? process.env['THREADCHART_CONFIG'] ?? join(data, 'config.json');
    writeArchive(draft, { data, database, attachments, config });
    giveName(draft, target);
    const sizeBytes = statSync(target).size;
    const result = { file: target, sizeBytes, attachmentCount: attachments.length };
    terminal.print(`${target}: ${sizeBytes} bytes, ${attachments.length} attachments`, result);
    terminal.note(`to restore: mkdir -m 700 FOLDER && tar -xf ${target} -C FOLDER`);
    return EXIT_CODES.ok;
  } finally {
    for (const path of [database, draft]) rmSync(path, { force: true });
  }
}

interface Contents {
  readonly data: string;
  readonly database: string;
  readonly attachments: readonly string[];
  readonly config: string;
}

function attachmentsIn(data: string): string[] {
  const folder = join(data, 'attachments');
  return existsSync(folder) ? readdirSync(folder).filter((name) => ATTACHMENT.test(name)) : [];
}

/** The attachments are copied after the database: every one that it names is there, and a file never changes. */
function writeArchive(draft: string, { data, database, attachments, config }: Contents): void {
  const archive = openSync(draft, 'wx', PRIVATE_MODE);
  try {
    const tar = new TarWriter(archive);
    tar.addFile('threadchart.db', database);
    if (existsSync(config)) tar.addFile('config.json', config);
    tar.addFolder('attachments');
    for (const name of attachments) addAttachment(tar, data, name);
    tar.end();
  } finally {
    closeSync(archive);
  }
}

function addAttachment(tar: TarWriter, data: string, name: string): void {
  const path = join(data, 'attachments', name);
  // its thread may have been purged since
  if (existsSync(path)) tar.addFile(`attachments/${name}`, path);
}

/** A link does not replace a file that has come in between. */
function giveName(draft: string, target: string): void {
  try {
    linkSync(draft, target);
  } catch (cause) {
    if (existsSync(target)) throw inTheWay(target);
    throw cause;
  }
}

const inTheWay = (target: string): RuntimeError =>
  new RuntimeError('INVALID_PARAMS', `${target} exists; a backup overwrites nothing`);
