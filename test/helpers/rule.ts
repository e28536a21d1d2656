/** One rule as a test: what holds, and that its removal is noticed. */
import { describe, expect, it } from 'vitest';
import type { Capabilities } from '../../machines/domain/capability.ts';
import type { Lineage } from '../../machines/domain/lineage.ts';
import type { Settings } from '../../machines/domain/settings.ts';
import { given, WORLD, type Cue, type Outcome, type World } from './given.ts';
import type { Mutation } from './mutants.ts';

export interface Rule {
  readonly capabilities?: Partial<Capabilities>;
  readonly settings?: Partial<Settings>;
  /** The thread has a working tree of its own. */
  readonly inWorktree?: boolean;
  /** The thread has branched off. */
  readonly lineage?: Lineage;
  /** Inputs that must be taken, with the rule and without it. */
  readonly given?: readonly Cue[];
  readonly when: readonly Cue[];
  /** States what holds, by `expect`. */
  readonly holds: (outcome: Outcome) => void;
  /** Ways to take the rule out, each of which must make `holds` fail. */
  readonly without: Readonly<Record<string, Mutation>>;
}

/** A rule that can be tried in another world, for the sweep over all of them (`test/rules/mutants.proof.test.ts`). */
export interface NamedRule {
  readonly title: string;
  /** Whether it holds there; what throws on the way does not. */
  holdsIn(world: World): boolean;
}
export const RULES: NamedRule[] = [];

/** The title is the rule, in the present tense. */
export function rule(title: string, { given: before = [], when, holds, without, ...thread }: Rule): void {
  const outcomeIn = (world = WORLD): Outcome => given(before, { ...thread, world }).when(...when);
  RULES.push({ title, holdsIn: (world) => passes(() => holds(outcomeIn(world))) });
  // oxlint-disable-next-line vitest/valid-title -- the rules' own words
  describe(title, () => {
    it('holds', () => holds(outcomeIn()));
    it.each(Object.entries(without))('fails without: %s', (_, mutate) => {
      const outcome = outcomeIn(mutate(WORLD));
      expect(() => holds(outcome)).toThrow(expect.objectContaining({ name: 'AssertionError' }));
    });
  });
}

function passes(run: () => void): boolean {
  try {
    run();
    return true;
  } catch {
    return false;
  }
}
