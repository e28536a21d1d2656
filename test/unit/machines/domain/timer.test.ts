import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  evolveTimers,
  shiftTimers,
  type ArmTimer,
  type TimerChange,
} from '../../../../machines/domain/timer.ts';

const arm = (name: string, more: Partial<ArmTimer> = {}): TimerChange => ({
  op: 'arm',
  name,
  owner: 'turn',
  afterMs: 100,
  idle: false,
  fires: { type: name },
  ...more,
});
const AT = { sequence: 7, at: 1000 };

describe('armed timers', () => {
  it('are due after their time and say which entry armed them', () => {
    expect(evolveTimers({}, [arm('x')], AT)).toEqual({
      x: {
        name: 'x',
        owner: 'turn',
        afterMs: 100,
        idle: false,
        fires: { type: 'x' },
        armedBy: 7,
        dueAt: 1100,
      },
    });
  });

  it('are replaced by arming them again', () => {
    const once = evolveTimers({}, [arm('x')], AT);
    expect(evolveTimers(once, [arm('x', { afterMs: 5 })], { sequence: 8, at: 2000 })['x']).toMatchObject({
      armedBy: 8,
      dueAt: 2005,
    });
  });

  it('are cancelled by name', () => {
    const two = evolveTimers({}, [arm('x'), arm('y')], AT);
    expect(Object.keys(evolveTimers(two, [{ op: 'cancel', name: 'x' }], AT))).toEqual(['y']);
  });

  it('are cancelled with their owner', () => {
    const two = evolveTimers({}, [arm('x'), arm('y', { owner: 'connection' })], AT);
    expect(Object.keys(evolveTimers(two, [{ op: 'cancel', owner: 'turn' }], AT))).toEqual(['y']);
  });

  it('are folded in the order of the changes', () => {
    const changes: TimerChange[] = [arm('x'), { op: 'cancel', name: 'x' }, arm('x', { afterMs: 1 })];
    expect(evolveTimers({}, changes, AT)['x']?.dueAt).toBe(1001);
    expect(evolveTimers({}, changes.slice(0, 2), AT)).toEqual({});
  });

  it('are the very same where nothing changes', () => {
    const one = evolveTimers({}, [arm('x')], AT);
    expect(evolveTimers(one, [], AT)).toBe(one);
  });

  it('are due later by as much as the clock jumped, and armed by the same entry', () => {
    const one = evolveTimers({}, [arm('x')], AT);
    expect(shiftTimers(one, 50)['x']).toMatchObject({ dueAt: 1150, armedBy: 7 });
  });

  it('hold one of each name whatever happens', () => {
    const name = fc.constantFrom('x', 'y', 'z');
    const change = fc.oneof(
      name.map((each) => arm(each)),
      name.map((each): TimerChange => ({ op: 'cancel', name: each })),
      fc.constant<TimerChange>({ op: 'cancel', owner: 'turn' }),
    );
    fc.assert(
      fc.property(fc.array(change, { maxLength: 30 }), (changes) => {
        const last = new Map<string, boolean>();
        for (const each of changes) {
          if (each.op === 'arm') last.set(each.name, true);
          else if ('name' in each) last.set(each.name, false);
          else last.clear();
        }
        const armed = [...last].filter(([, isArmed]) => isArmed).map(([each]) => each);
        expect(Object.keys(evolveTimers({}, changes, AT)).toSorted()).toEqual(armed.toSorted());
      }),
      { numRuns: 200 },
    );
  });
});
