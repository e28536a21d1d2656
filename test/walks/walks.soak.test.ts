import { test } from 'vitest';
import { walkSeed } from './explore-walks.ts';
import { manyWalks } from './many-walks.ts';

const seed = walkSeed(Date.now() % 1_000_000);

test(`5,000 walks of two clients over a server that dies, seed ${seed}`, { timeout: 10_800_000 }, () =>
  manyWalks(5_000, seed),
);
