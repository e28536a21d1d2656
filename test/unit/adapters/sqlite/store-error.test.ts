import { describe, expect, it } from 'vitest';
import { storeError } from '../../../../adapters/sqlite/store-error.ts';
import { RuntimeError } from '../../../../machines/domain/error.ts';

const sqliteError = (errcode: number): Error => Object.assign(new Error('said by sqlite'), { errcode });

describe('an error of the store', () => {
  it.each([
    ['a busy file', 5, 'STORE_UNAVAILABLE'],
    ['a read-only file', 8, 'STORE_UNAVAILABLE'],
    ['an I/O error', 10, 'STORE_UNAVAILABLE'],
    ['an I/O error with details (IOERR_FSYNC)', 10 | (4 << 8), 'STORE_UNAVAILABLE'],
    ['a full disk', 13, 'STORE_UNAVAILABLE'],
    ['a file that cannot be opened', 14, 'STORE_UNAVAILABLE'],
    ['a damaged file', 11, 'STORE_CORRUPT'],
    ['a file of another kind', 26, 'STORE_CORRUPT'],
    ['a violated constraint', 19, 'INTERNAL'],
    ['wrong SQL', 1, 'INTERNAL'],
  ])('for %s (%i) has the code %s', (_what, errcode, code) => {
    const cause = sqliteError(errcode);
    expect(storeError(cause, 'trying')).toMatchObject({ code, cause, message: 'trying: said by sqlite' });
  });

  it('that has a code keeps it, and what SQLite did not throw is a defect', () => {
    const known = new RuntimeError('STORE_CORRUPT', 'x');
    expect(storeError(known, 'trying')).toBe(known);
    expect(storeError(new TypeError('x'), 'trying')).toMatchObject({ code: 'INTERNAL' });
    expect(storeError('text', 'trying')).toMatchObject({ code: 'INTERNAL', message: 'trying: text' });
  });
});
