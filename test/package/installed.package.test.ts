/** What users get: the packed tarball in an empty folder, on plain Node. */
import { exec, execFile } from 'node:child_process';
import { readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import { makeTempFolder } from '../helpers/temp-folder.ts';
import { Packed, residentMiB, ROOT } from './packed.ts';

const run = promisify(execFile);
/** No other file of the package names it in an import. */
const SDK_HOST = 'dist/adapters/cursor-sdk/host/main.js';
const MOST_BYTES = 1_000_000;
const IDLE_MIB = 110;

const CLIENT = `
import { readFileSync } from 'node:fs';
import { connect } from 'threadchart/client';
const [url, tokenFile] = process.argv.slice(2);
const client = await connect({ url, token: readFileSync(tokenFile, 'utf8').trim() });
const { threadId } = await client.dispatch({ type: 'thread.create', cwd: process.cwd(), instanceId: 'codex' });
const { threads } = await client.call('orchestration.listThreads', {});
console.log(JSON.stringify({ isListed: threads[0]?.id === threadId, version: client.info.version }));
client.close();
`;

/** An adapter's author's test file; the adapter is one of ours. */
const CONTRACT = `
import { describeProviderContract, describeProviderFaults, makeTinyWorld, spoilable } from 'threadchart/testkit';
import { codexDriver } from './node_modules/threadchart/dist/adapters/codex/index.js';
const AGENT = { driver: codexDriver, protocol: 'codex', processPer: 'instance' };
describeProviderContract(() => makeTinyWorld(AGENT));
describeProviderFaults(async () => spoilable(await makeTinyWorld(AGENT), { method: 'future/news', params: {} }));
`;

const scratch = makeTempFolder();
let packed: Packed;
beforeAll(async () => {
  packed = await Packed.make(scratch.path);
}, 300_000);
afterAll(() => scratch.remove());

const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };

describe('the package', () => {
  test('holds emitted JavaScript, declarations and the testkit, and nothing else of the tests', async () => {
    const files = await packed.files();
    expect(files).toEqual(
      expect.arrayContaining(['README.md', 'LICENSE', 'CHANGELOG.md', 'dist/server/bin.js', SDK_HOST]),
    );
    const isOurs = (path: string): boolean => /^dist\/(machines|adapters|console|server|test)\//.test(path);
    const others = files.filter((path) => !isOurs(path)).toSorted();
    expect(others).toEqual(['CHANGELOG.md', 'LICENSE', 'README.md', 'package.json']);
    expect(files).toContain('dist/console/index.html');
    const isSource = (path: string): boolean => path.endsWith('.ts') && !path.endsWith('.d.ts');
    expect(files.filter((path) => isSource(path) || /\.test\.|fixtures\/(?!tiny-agent)/.test(path))).toEqual(
      [],
    );
    expect(statSync(packed.tarball).size).toBeLessThan(MOST_BYTES);
  });

  test.each(['22.18.0', process.versions.node])('serves and is used under Node %s', async (version) => {
    const node = await packed.nodeFolder(version);
    const data = join(scratch.path, `data-${version}`);
    const env = packed.envWith(node, data);
    expect(await packed.npx(env, '--version')).toBe(manifest.version);
    const server = await packed.serve(env, data);
    onTestFinished(async () => void (await server.stop()));
    const { url, tokenFile, pid } = server.place;
    // before it is used: afterwards it depends on the moment at which V8 last collected its garbage
    const rssMiB = residentMiB(pid);
    console.log(`Node ${version}: the idle server takes ${rssMiB?.toFixed(0) ?? '?'} MiB`);
    expect(rssMiB ?? 0).toBeLessThan(IDLE_MIB);
    const file = join(packed.folder, 'client.mjs');
    writeFileSync(file, CLIENT);
    const { stdout, stderr } = await run(join(node, 'node'), [file, url, tokenFile], { env });
    expect([JSON.parse(stdout), stderr]).toEqual([{ isListed: true, version: manifest.version }, '']);
    const [row] = (await packed.npx(env, 'ls', '--json', '--data', data)).split('\n');
    expect(JSON.parse(row ?? '')).toMatchObject({ status: 'ready', instanceId: 'codex' });
    // the recordings that need no agent are in the package
    const played = await packed.npx(
      env,
      'send',
      'hello',
      '--instance',
      'demo',
      '--model',
      'plan',
      '--json',
      '--data',
      data,
    );
    expect(played).toContain('"type":"turn.ended"');
    expect(await server.stop()).toBe(0);
    expect(server.log()).not.toContain('Warning');
  });

  test.each(['nodenext', 'bundler'])('is typed for a consumer that resolves by %s', async (resolution) => {
    const [, example = ''] =
      /^```ts\n([\s\S]*?)^```$/m.exec(readFileSync(join(ROOT, 'README.md'), 'utf8')) ?? [];
    const wrong = example.replace(`type: 'turn.submit'`, `type: 'turn.dance'`);
    expect(wrong).not.toBe(example);
    const compile = async (code: string): Promise<string> => {
      writeFileSync(join(packed.folder, 'consumer.ts'), code);
      const module = resolution === 'nodenext' ? 'nodenext' : 'esnext';
      const flags = ['--noEmit', '--strict', '--target', 'es2024', '--module', module];
      const types = ['--moduleResolution', resolution, '--typeRoots', join(ROOT, 'node_modules', '@types')];
      const tsc = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
      const args = [tsc, ...flags, ...types, '--types', 'node', 'consumer.ts'];
      const done = run(process.execPath, args, { cwd: packed.folder });
      return done.then(
        () => 'no error',
        (error: { stdout: string }) => error.stdout,
      );
    };
    expect(await compile(example)).toBe('no error');
    expect(await compile(wrong)).toContain(`'"turn.dance"'`);
  });

  test('runs the process of an SDK that the user has', async () => {
    const own = join(packed.folder, 'node_modules', 'threadchart');
    const sdk = join(own, 'dist', 'test', 'fixtures', 'tiny-agent', 'cursor-sdk');
    const ask = (folder: string) =>
      promisify(exec)(`echo '{"id":1,"method":"initialize"}' | ${process.execPath} ${SDK_HOST} ${folder}`, {
        cwd: own,
      });
    expect(JSON.parse((await ask(sdk)).stdout)).toMatchObject({ id: 1, result: { version: '1.0.32' } });
    expect(JSON.parse((await ask('/nowhere')).stdout)).toMatchObject({
      error: { message: expect.stringContaining('npm install @cursor/sdk') },
    });
  });

  test('gives the author of an adapter its suites', async () => {
    symlinkSync(join(ROOT, 'node_modules', 'vitest'), join(packed.folder, 'node_modules', 'vitest'));
    writeFileSync(join(packed.folder, 'contract.test.js'), CONTRACT);
    const vitest = join(ROOT, 'node_modules', 'vitest', 'vitest.mjs');
    const args = [
      vitest,
      'run',
      '--reporter=json',
      '--outputFile=told.json',
      '--testTimeout=60000',
      'contract.test.js',
    ];
    await run(process.execPath, args, { cwd: packed.folder });
    const text = readFileSync(join(packed.folder, 'told.json'), 'utf8');
    const told = z.object({ numPassedTests: z.number(), numTotalTests: z.number() }).parse(JSON.parse(text));
    expect(told.numTotalTests).toBeGreaterThanOrEqual(50);
    expect(told.numPassedTests).toBe(told.numTotalTests);
  });
});
