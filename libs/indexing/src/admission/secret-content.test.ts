import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findMarkedSecret, findSecret, findSecretMarks } from './secret-content.js';

// Samples are put together here, so that no scanner takes this file for a leak.
const random =
  'q7Zp2LxV9mTcR4kWnB8sYdH3gJf6uEaQ1oXiK5vM0wCtUzNrPbGyAhDlSjFeOqI7Zp2LxV9mTcR4kWnB8sYdH3gJf6uEaQ';
const take = (length: number, from = 0) => random.slice(from, from + length);
const join = (...parts: string[]) => parts.join('');
const upper = 'QZ7WXK3RVTM5NPLY2HJD';
const hex = '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08';
const keyBody = Array.from({ length: 6 }, (_, n) => take(60, n * 3)).join('\n');

const SECRETS: Record<string, string> = {
  'aws-access-key': join('key = "AK', 'IA', upper.slice(0, 16), '"'),
  'github-token': join('token: gh', 'p_', take(36)),
  'gitlab-token': join('gl', 'pat-', take(20)),
  'slack-token': join('xo', 'xb-2839182938-', take(24)),
  'slack-webhook': join(
    'https://hooks.slack.com/',
    'services/T',
    upper.slice(0, 9),
    '/B',
    upper.slice(1, 10),
    '/',
    take(24),
  ),
  'stripe-key': join('sk', '_live_', take(24)),
  'google-key': join('AI', 'za', take(35)),
  'npm-token': join('//registry/:_authToken=np', 'm_', take(36)),
  'pypi-token': join('pyp', 'i-AgE', take(60)),
  'openai-key': join('sk', '-proj-', take(48)),
  'anthropic-key': join('sk', '-ant-api03-', take(80)),
  'digitalocean-token': join('do', 'p_v1_', hex),
  jwt: join('ey', 'JhbGciOiJIUzI1NiJ9', '.ey', 'J', take(40), '.', take(40, 7)),
  'azure-storage-key': join('Account', 'Key=', take(86), '=='),
  'connection-string': join('postgres://app:', take(12), '@db.prod.internal.net:5432/app'),
  'private-key': join(
    '-----BEGIN RSA PRIVATE',
    ' KEY-----\n',
    keyBody,
    '\n-----END RSA PRIVATE',
    ' KEY-----',
  ),
  'assigned-secret': join('const clientSecret = "', take(32), '";'),
};

describe('findSecret', () => {
  for (const [rule, sample] of Object.entries(SECRETS)) {
    it(`finds: ${rule}`, () => {
      const text = `import x from 'y';\n\nfunction f() {\n  ${sample}\n}\n`;
      expect(findSecret(text)).toEqual({ rule });
    });
  }

  it.each([
    [
      'a key as a string of code',
      join("const k = '-----BEGIN PRIVATE", " KEY-----\\n' +\n  '", take(50), "\\n' +\n '", take(50, 9), "'"),
    ],
    ['in JSON', join('{"api_key": "', take(32), '"}')],
    ['in YAML', join("password: '", take(24), "'")],
    ['in an environment file', join('STRIPE_SECRET=', take(32))],
    ['as a hash literal', join('auth_token => "', hex, '"')],
  ])('finds a secret %s', (_name, text) => {
    expect(findSecret(text)).toBeDefined();
  });

  it.each([
    'const token = request.headers.authorization;',
    'password = os.environ["DATABASE_PASSWORD"]',
    'const password = "correct horse battery staple";',
    'apiKey: "your-api-key-goes-here-1234567890"',
    'api_key = "<YOUR_API_KEY_GOES_HERE_123>"',
    'token: "${GITHUB_TOKEN_FOR_RELEASE_1}"',
    'const tokenType = "urn:ietf:params:oauth:token-type:jwt1";',
    'secret: "projects/my-project/secrets/db-password/versions/1"',
    'SECRET_NAME = "my_application_secret_name_v2"',
    'passwordField = "input[type=password].form-control1"',
    join('AK', 'IAIOSFODNN7EXAMPLE'),
    join('gh', 'p_', 'x'.repeat(36)),
    join('sk', '_live_', '0123456789'.repeat(3)),
    'postgres://user:password@localhost:5432/test',
    'postgres://app:s3cr3tpw9@db:5432/app',
    'https://user:${TOKEN}@github.com/org/repo',
    'http://[::1]:3000/path@2x.png',
    '-----BEGIN PRIVATE KEY-----',
    'if (line.startsWith("-----BEGIN RSA PRIVATE KEY-----")) return parse(line);',
    '-----BEGIN PUBLIC KEY-----\n' + keyBody,
    join(
      'ey',
      'JhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.',
      'eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4gRG9lIn0',
      '.',
      take(43),
    ),
    `integrity: "sha512-${random}=="`,
    `const digest = "${hex}";`,
    'import { tokenise } from "./some/long/path/to/tokeniser-v2.js";',
  ])('lets through: %s', (text) => {
    expect(findSecret(text)).toBeUndefined();
  });

  it('takes a password in a web address for one only when it looks like a token', () => {
    expect(findSecret('see https://jo%40email.com:a%20secret@host.de for an example')).toBeUndefined();
    expect(findSecret(join('https://ci:', take(24), '@git.corp.io/x'))).toEqual({
      rule: 'connection-string',
    });
  });

  it('says the same of marked lines as of the whole text', () => {
    const innocent = ['const x = 1;', 'task-list: see http://example.com', 'password', '', 'größe\r', '"'];
    const part = fc.constantFrom(...Object.values(SECRETS), ...innocent, ...keyBody.split('\n'));
    const glue = fc.constantFrom('\n', '\r\n', ' ', '');
    fc.assert(
      fc.property(fc.array(fc.tuple(part, glue), { maxLength: 12 }), (parts) => {
        const text = parts.flat().join('');
        const lines = text.split('\n');
        const marked = lines.filter((line) => findSecretMarks(line).length > 0).join('\n');
        expect(findMarkedSecret(marked, () => text)).toEqual(findSecret(text));
        // Marked or not, every line is looked at.
        expect(findMarkedSecret(text, () => text)).toEqual(findSecret(text));
      }),
      { numRuns: 500 },
    );
  });

  it('takes linear time on hostile input', () => {
    // Each of these would take minutes with a pattern that backtracks.
    for (const piece of [
      'eyJ-',
      'eyJ',
      '://a:',
      '://',
      'secret = "',
      'password',
      '-----BEGIN PRIVATE KEY-----',
      'sk-ant-',
      'xoxb-1',
      'AKIA',
      'A_SECRET=',
      ' ',
    ]) {
      expect(findSecret(piece.repeat(Math.ceil(1_000_000 / piece.length)))).toBeUndefined();
    }
  });

  it('never throws', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => {
        findSecret(text);
      }),
    );
  });
});
