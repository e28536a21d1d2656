import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { redact } from '../../../../adapters/shared/redact.ts';

const SECRET = 'hunter2-Abc_123';

describe('redact', () => {
  it.each([
    `{"headers":{"Authorization":"Bearer ${SECRET}"}}`,
    `Authorization: Bearer ${SECRET}`,
    `authorization: ${SECRET}`,
    `curl -H "x-api-key: ${SECRET}" http://localhost`,
    `{"config":{"openai_api_key" : "${SECRET}"}}`,
    `{"accessToken":"${SECRET}","id":1}`,
    `{"env":{"ANTHROPIC_AUTH_TOKEN":"${SECRET}"}}`,
    `{"env":[{"name":"GITHUB_TOKEN","value":"${SECRET}"}]}`,
    `{"arguments":"{\\"password\\":\\"${SECRET}\\"}"}`,
    `{"text":"{\\\\\\"client_secret\\\\\\": \\\\\\"${SECRET}\\\\\\"}"}`,
    `{"url":"https://example.org/ws?ticket=${SECRET}&x=1"}`,
    `https://example.org/?a=1&access_token=${SECRET}#top`,
    `export OPENAI_API_KEY=${SECRET}; ls`,
    `{"cmd":"DB_PASSWORD=\\"${SECRET}\\" run"}`,
    `SECRET_KEY='two ${SECRET} words'`,
    `tool --api-key ${SECRET} --token=${SECRET}`,
    `-----BEGIN RSA PRIVATE KEY-----\n${SECRET}\n-----END RSA PRIVATE KEY-----`,
  ])('hides the secret in %s', (text) => {
    const redacted = redact(text);
    expect(redacted).toContain('[redacted]');
    expect(redacted).not.toMatch(/hunter2|Abc_123/);
  });

  it.each([
    'sk-proj-abcdefgh12345678',
    'sk-ant-api03-abcdefgh',
    'ghp_abcdefgh12345678',
    'AKIAABCDEFGHIJKLMNOP',
    'eyJhbGciOiJIUzI1.eyJzdWIiOiIx.c2ln',
  ])('hides %s wherever it stands', (secret) => {
    expect(redact(`{"text":"it is ${secret}, I think"}`)).toBe('{"text":"it is [redacted], I think"}');
  });

  it('leaves alone what only looks like it', () => {
    const text = JSON.stringify({
      method: 'thread/tokenUsage/updated',
      params: {
        tokenUsage: { totalTokens: 12, last: { inputTokens: 3 } },
        model: 'gpt-5.5',
        task: 'risk-free',
      },
      text: 'the keyboard shortcut, a monkey = 3, and key: value',
    });
    expect(redact(text)).toBe(text);
  });

  it('keeps JSON JSON, and changes nothing when repeated', () => {
    const name = fc.constantFrom(
      'token',
      'API_KEY',
      'text',
      'name',
      'value',
      'authorization',
      'cmd',
      'PASSWORD=',
    );
    const piece = fc.constantFrom(
      'KEY=',
      '"',
      '\\',
      '\n',
      'Bearer x',
      'sk-12345678',
      '--token a',
      '?key=b',
      ',',
      "'",
      ' ',
    );
    const leaf = fc.array(fc.oneof(piece, fc.string()), { maxLength: 6 }).map((parts) => parts.join(''));
    const { tree } = fc.letrec((tie) => ({
      tree: fc.oneof(
        { maxDepth: 3 },
        leaf,
        fc.integer(),
        fc.array(tie('tree'), { maxLength: 4 }),
        fc.dictionary(name, tie('tree'), { maxKeys: 4 }),
        leaf.map((text) => JSON.stringify({ token: text })),
      ),
    }));
    fc.assert(
      fc.property(tree, (value) => {
        const redacted = redact(JSON.stringify(value));
        expect(() => JSON.parse(redacted)).not.toThrow();
        expect(redact(redacted)).toBe(redacted);
      }),
      { numRuns: 500 },
    );
  });

  it('takes time in proportion to the length, for hostile texts too', () => {
    for (const piece of [
      '"',
      'a',
      'KEY',
      '\\"token',
      '-----BEGIN ',
      'Bearer ',
      '?key',
      'eyJaaaaaaaa.',
      '--',
      ' ',
      '\\',
      '-eyJaaaaaaaa',
      '-----BEGIN A',
      '://a:',
      '://',
      'sk-',
      'x-',
      '"token',
      '"name":"token",',
      'TOKEN',
      '"\\',
    ]) {
      const startedAt = process.cpuUsage();
      redact(piece.repeat(200_000 / piece.length));
      expect(process.cpuUsage(startedAt).user / 1000).toBeLessThan(1000);
    }
  });
});
