/**
 * `threadchart/testkit`: what an adapter of a further provider has to do, as suites for vitest (a peer of this package).
 *
 * A *world* sets up the provider's agent with a model that follows a script. It can be the real agent, whose model
 * requests go to `startModelEndpoint` (Responses, Messages and others), or the tiny agent of the suites, which speaks the
 * protocols of the adapters that come with Threadchart. Both suites are to be called at the top of a test file:
 *
 * ```js
 * describeProviderContract(() => makeMyWorld());
 * describeProviderFaults(async () => spoilable(await makeMyWorld(), { type: 'unknown_message' }));
 * ```
 *
 * What a provider is without by its nature (processes, a model, memory), a world declares as `lacks`: the tests that need it
 * are skipped with that reason, and the lack itself is tested.
 *
 * `spoilable` puts a process between adapter and agent, so it is for agents that speak in lines over stdio.
 */
export { describeProviderContract } from './contract/provider.contract.ts';
export { describeProviderFaults, type FaultyWorld } from './contract/provider-faults.contract.ts';
export {
  type Act,
  type Fault,
  type ModelFailure,
  type Part,
  type ProviderWorld,
  type Replies,
  type Scripted,
} from './contract/provider-world.ts';
export { makeTinyWorld, spoilable, type TinyWorldOptions } from './helpers/tiny-world.ts';
export { type ParsedRequest } from './model-endpoint/parse-request.ts';
export { type Script } from './model-endpoint/script.ts';
export { startModelEndpoint, type ModelEndpoint } from './model-endpoint/start-model-endpoint.ts';
export * as steps from './model-endpoint/step.ts';
export {
  type InstanceConfig,
  type PlaybackProtocol,
  type ProviderAdapter,
  type ProviderDriver,
  type ProviderHost,
  type ProviderReport,
} from '../machines/ports/provider.ts';
export { type ProviderEffect } from '../machines/domain/effect.ts';
export { type Capabilities } from '../machines/domain/capability.ts';
