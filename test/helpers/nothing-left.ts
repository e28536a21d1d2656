/** Files that share a process: what one leaves running disturbs the next, at random. */
import { afterAll } from 'vitest';
import { until } from './until.ts';

const OF_A_TEST = new Set(['ConnectWrap', 'ProcessWrap', 'TCPServerWrap', 'TCPSocketWrap']);

const left = (): string[] => process.getActiveResourcesInfo().filter((kind) => OF_A_TEST.has(kind));

afterAll(() =>
  until(() => left().length === 0, { describe: () => `the file's own end; it leaves ${left().join()}` }),
);
