import { describe, expect, it } from 'vitest';
import { parseDiff } from '../../../../server/console/text/unified-diff.ts';

const GIT = `diff --git a/src/one.ts b/src/one.ts
index 111..222 100644
--- a/src/one.ts
+++ b/src/one.ts
@@ -3,3 +3,4 @@ function one() {
 kept
-old
+new
+more
 end
\\ No newline at end of file
diff --git a/gone.txt b/gone.txt
deleted file mode 100644
--- a/gone.txt
+++ /dev/null
@@ -1 +0,0 @@
--- a line that begins with dashes
`;

describe('a unified diff', () => {
  it('is taken apart into files and numbered lines', () => {
    const [one, gone] = parseDiff(GIT);
    expect(one?.path).toBe('src/one.ts');
    expect(one?.lines.map(({ kind, oldNumber, newNumber }) => [kind, oldNumber, newNumber])).toEqual([
      ['hunk', null, null],
      ['context', 3, 3],
      ['removed', 4, null],
      ['added', null, 4],
      ['added', null, 5],
      ['context', 5, 6],
      ['note', null, null],
    ]);
    expect(gone?.path).toBe('gone.txt');
    expect(gone?.lines.at(-1)).toMatchObject({ kind: 'removed', text: '-- a line that begins with dashes' });
  });

  it('may have no head: it is of the file that it is given with', () => {
    const [file, ...more] = parseDiff('@@ -1 +1 @@\n-a\n+b\n', 'sum.mjs');
    expect(more).toEqual([]);
    expect(file?.path).toBe('sum.mjs');
    expect(file?.lines.map(({ kind, text }) => [kind, text])).toEqual([
      ['hunk', '@@ -1 +1 @@'],
      ['removed', 'a'],
      ['added', 'b'],
    ]);
  });

  it('says what it cannot read, such as that a file is binary', () => {
    const [file] = parseDiff('diff --git a/x.png b/x.png\nBinary files a/x.png and b/x.png differ\n');
    expect(file?.lines).toEqual([
      { kind: 'note', text: 'Binary files a/x.png and b/x.png differ', oldNumber: null, newNumber: null },
    ]);
  });
});
