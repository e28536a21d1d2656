/** A server from before 1.1: it is there, and cannot be driven. */
import { expect, it, onTestFinished } from 'vitest';
import { opencodeDriver } from '../../../../adapters/opencode/index.ts';
import { ProviderHarness } from '../../../helpers/provider-harness.ts';
import { makeTinyWorld } from '../../../helpers/tiny-world.ts';

it.each(['404', '200', '500'])('that answers with HTTP %s is refused and not tried again', async (status) => {
  const world = await makeTinyWorld({
    driver: opencodeDriver,
    protocol: 'opencode',
    processPer: 'instance',
  });
  const harness = new ProviderHarness();
  const { instanceId, env, ...instance } = world.instance;
  const old = { ...instance, instanceId, env: { ...env, TINY_AGENT_OLD: status } };
  const adapter = opencodeDriver.create(old, harness);
  onTestFinished(async () => {
    await adapter.dispose();
    await world.close();
  });
  adapter.perform({ type: 'process.start', instanceId });
  const { failure } = await harness.awaitInstance('process.failed');
  expect(failure).toMatchObject({ code: 'INSTANCE_UNAVAILABLE', retryable: false });
  expect(failure.message).toBe('opencode before 1.1 is too old; 1.18.33 or newer is needed');
});
