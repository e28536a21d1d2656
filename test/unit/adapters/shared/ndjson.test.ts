import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LineSplitter, type Line } from '../../../../adapters/shared/ndjson.ts';

const bytes = (text: string): Buffer => Buffer.from(text, 'utf8');
const texts = (lines: readonly Line[]): string[] =>
  lines.map((line) => (line.kind === 'line' ? line.text : '!'));

function splitAt(whole: Buffer, cuts: readonly number[]): Buffer[] {
  const edges = [0, ...cuts.map((cut) => cut % (whole.length + 1)).toSorted((a, b) => a - b), whole.length];
  return edges.slice(1).map((end, index) => whole.subarray(edges[index], end));
}

describe('LineSplitter', () => {
  it('gives the same lines wherever the bytes are split', () => {
    const line = fc
      .string({ unit: 'grapheme', minLength: 1, maxLength: 30 })
      .map((text) => JSON.stringify(text));
    fc.assert(
      fc.property(fc.array(line, { maxLength: 8 }), fc.array(fc.nat(), { maxLength: 12 }), (lines, cuts) => {
        const splitter = new LineSplitter();
        const chunks = splitAt(bytes(lines.map((text) => `${text}\n`).join('')), cuts);
        expect(texts([...chunks.flatMap((chunk) => splitter.push(chunk)), ...splitter.end()])).toEqual(lines);
      }),
    );
  });

  it('joins a character that is split between chunks', () => {
    const splitter = new LineSplitter();
    const [first, ...rest] = Array.from(bytes('😀\n'), (byte) => Uint8Array.of(byte));
    expect(splitter.push(first ?? Uint8Array.of())).toEqual([]);
    expect(texts(rest.flatMap((chunk) => splitter.push(chunk)))).toEqual(['😀']);
  });

  it('leaves out empty lines and carriage returns', () => {
    expect(texts(new LineSplitter().push(bytes('\n\r\na\r\n\nb\n')))).toEqual(['a', 'b']);
  });

  it('gives the last line of a stream that ends without a newline, once', () => {
    const splitter = new LineSplitter();
    expect(splitter.push(bytes('tail'))).toEqual([]);
    expect(texts(splitter.end())).toEqual(['tail']);
    expect(splitter.end()).toEqual([]);
  });

  it('marks an overlong line once, with its beginning, and goes on after its newline', () => {
    const splitter = new LineSplitter(8);
    expect(splitter.push(bytes('12345'))).toEqual([]);
    expect(splitter.push(bytes('6789'))).toEqual([{ kind: 'overlong', head: '123456789' }]);
    expect(splitter.push(bytes('still the same line'))).toEqual([]);
    expect(texts(splitter.push(bytes('\nok\n')))).toEqual(['ok']);
  });

  it('takes a line of exactly the cap', () => {
    expect(texts(new LineSplitter(4).push(bytes('1234\n12345\n')))).toEqual(['1234', '!']);
  });

  it('never holds more than the cap, and gives a large buffer back', () => {
    const splitter = new LineSplitter(100_000);
    let mostBytes = 0;
    for (let count = 0; count < 300; count += 1) {
      splitter.push(Buffer.alloc(1000, 'x'));
      mostBytes = Math.max(mostBytes, splitter.bufferedBytes);
    }
    expect(mostBytes).toBe(100_000);
    splitter.push(bytes('\n'));
    expect(splitter.bufferedBytes).toBe(0);
  });
});
