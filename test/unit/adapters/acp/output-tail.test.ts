import { describe, expect, it } from 'vitest';
import { OutputTail } from '../../../../adapters/acp/output-tail.ts';

describe('the tail of an output', () => {
  it('is the whole of what fits, however it was cut', () => {
    const tail = new OutputTail(8);
    const bytes = Buffer.from('äöü');
    for (const byte of bytes) tail.add(Uint8Array.of(byte));
    expect([tail.text, tail.isTruncated]).toEqual(['äöü', false]);
  });

  it('is the end of what does not fit, from a whole character on', () => {
    const tail = new OutputTail(4);
    tail.add(Buffer.from('ab😀c'));
    expect([tail.text, tail.isTruncated]).toEqual(['c', true]);
    tail.add(Buffer.from('de'));
    expect(tail.text).toBe('cde');
  });

  it('is nothing where nothing may be kept', () => {
    const tail = new OutputTail(0);
    tail.add(Buffer.from('abc'));
    expect([tail.text, tail.isTruncated]).toEqual(['', true]);
  });
});
