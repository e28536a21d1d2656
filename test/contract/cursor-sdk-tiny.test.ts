/** The adapter of Cursor's SDK on the tiny agent behind the SDK's surface, whole and spoilt. */
import { dirname, join } from 'node:path';
import { cursorSdkDriver } from '../../adapters/cursor-sdk/index.ts';
import { makeTinyWorld, spoiledBy } from '../helpers/tiny-world.ts';
import { describeProviderFaults } from './provider-faults.contract.ts';
import { describeProviderContract } from './provider.contract.ts';

const AGENT = { driver: cursorSdkDriver, protocol: 'cursor-sdk', processPer: 'connection' } as const;
const FIXTURES = join(import.meta.dirname, '..', 'fixtures', 'tiny-agent');

/** The command of an instance is the folder of its SDK, which keeps agents in the home folder. */
async function makeWorld() {
  const world = await makeTinyWorld(AGENT);
  const { instance, workspace } = world;
  const env = { ...instance.env, HOME: join(dirname(workspace), 'home') };
  return { ...world, instance: { ...instance, command: join(FIXTURES, 'cursor-sdk'), env } };
}

describeProviderContract(makeWorld, { asksNobody: true });
describeProviderFaults(async () => spoiledBy(await makeWorld(), { method: 'future/news', params: {} }));
