/** A kind of secret that a text may hold. */
export interface SecretHit {
  /** Stable name of the rule: "aws-access-key", "private-key". Never the secret itself. */
  readonly rule: string;
}

interface TokenRule {
  readonly name: string;
  /** One of these must occur before the pattern is tried. */
  readonly hints: readonly string[];
  /** Every repetition is over one class and begins where no such character stands before: linear time. */
  readonly pattern: RegExp;
}

const START = '(?<![A-Za-z0-9_-])';
const token = (name: string, hints: readonly string[], body: string): TokenRule => ({
  name,
  hints,
  pattern: new RegExp(`${START}(?:${body})(?![A-Za-z0-9])`, 'g'),
});

const TOKEN_RULES: readonly TokenRule[] = [
  token('aws-access-key', ['AKIA', 'ASIA', 'ABIA', 'ACCA'], '(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}'),
  token('github-token', ['ghp_', 'gho_', 'ghu_', 'ghs_', 'ghr_'], 'gh[pousr]_[A-Za-z0-9]{36,251}'),
  token('github-token', ['github_pat_'], 'github_pat_[A-Za-z0-9]{22}_[A-Za-z0-9]{59}'),
  token('gitlab-token', ['glpat-', 'gldt-', 'glrt-'], 'gl(?:pat|dt|rt)-[A-Za-z0-9_-]{20,300}'),
  token('slack-token', ['xox'], 'xox[abeoprs]-[A-Za-z0-9-]{20,250}'),
  token('slack-token', ['xapp-'], 'xapp-\\d-[A-Za-z0-9-]{20,250}'),
  token('stripe-key', ['_live_'], '[sr]k_live_[A-Za-z0-9]{20,250}'),
  token('stripe-key', ['whsec_'], 'whsec_[A-Za-z0-9+/]{32,100}'),
  token('google-key', ['AIza'], 'AIza[A-Za-z0-9_-]{35}'),
  token('google-key', ['GOCSPX-'], 'GOCSPX-[A-Za-z0-9_-]{28}'),
  token('npm-token', ['npm_'], 'npm_[A-Za-z0-9]{36}'),
  token('pypi-token', ['pypi-AgE'], 'pypi-AgE[A-Za-z0-9_-]{50,500}'),
  token('openai-key', ['T3BlbkFJ'], 'sk-[A-Za-z0-9_-]{20,200}'),
  token('openai-key', ['sk-proj-'], 'sk-proj-[A-Za-z0-9_-]{40,250}'),
  token('anthropic-key', ['sk-ant-'], 'sk-ant-[A-Za-z0-9_-]{60,250}'),
  token('hugging-face-token', ['hf_'], 'hf_[A-Za-z]{34}'),
  token('sendgrid-key', ['SG.'], 'SG\\.[A-Za-z0-9_-]{22}\\.[A-Za-z0-9_-]{43}'),
  token('digitalocean-token', ['dop_v1_'], 'dop_v1_[a-f0-9]{64}'),
  token('jwt', ['eyJ'], 'eyJ[A-Za-z0-9_-]{14,4000}\\.eyJ[A-Za-z0-9_-]{14,4000}\\.[A-Za-z0-9_-]{20,1000}'),
  {
    name: 'slack-webhook',
    hints: ['hooks.slack.com/services/'],
    pattern: /hooks\.slack\.com\/services\/T[A-Z0-9]{8,12}\/B[A-Z0-9]{8,12}\/[A-Za-z0-9]{20,30}/g,
  },
  {
    name: 'azure-storage-key',
    hints: ['AccountKey='],
    pattern: /AccountKey=[A-Za-z0-9+/]{86}==/g,
  },
];

const PRIVATE_KEY = /-----BEGIN (?:[A-Z]{2,9} ){0,2}PRIVATE KEY(?: BLOCK)?-----/g;
/** Within so many characters after its first line, a key's own text must begin. */
const KEY_BODY_REACH = 600;

/** `scheme://user:password@host`; a web address counts only with a token for password, for
 * documentation is full of examples. */
const CONNECTION = /(https?)?:\/\/[^\s:@/'"`<>]{1,100}:([^\s:@/'"`<>]{3,200})@([^\s/'"`<>:,;)]{1,200})/g;

const ASSIGNMENT =
  /(?:secret|passwd|password|pwd|token|api_?-?key|access_?-?key|auth_?-?key|private_?-?key|credential)s?["'`\]]{0,2}[ \t]{0,20}(?::=|=>|[:=])[ \t]{0,20}["'`]([^\s"'`]{16,256})["'`]/gi;
const BARE_ASSIGNMENT =
  /^[ \t]{0,20}(?:export )?[A-Z0-9_]{0,60}(?:SECRET|PASSWORD|TOKEN|API_?KEY|ACCESS_?KEY|PRIVATE_?KEY)=([^\s"'`]{16,256})$/gm;

/**
 * Whatever is found as a secret stands on a line that has one of these, but for a private key, whose text follows
 * on other lines. No pattern above reaches over a line end.
 */
const MARKS: readonly RegExp[] = [
  new RegExp(
    [...TOKEN_RULES.flatMap(({ hints }) => hints), 'sk-', '://', 'PRIVATE KEY'].map(escape).join('|'),
    'g',
  ),
  /secret|passwd|password|pwd|token|api_?-?key|access_?-?key|auth_?-?key|private_?-?key|credential/gi,
];

/** What people write where a secret is to go: words to look for in what is indexed, not marks of unfinished work. */
const STAND_IN =
  /example|sample|placeholder|your|dummy|fake|redacted|change_?-?me|insert|replace|todo|xxxx|\*\*\*|\.\.\.|<|\$\{?|\{\{|%\(|%s|0123456789|1234567890|abcdefgh|lorem|not_?-?a_?-?real/i;
/** The token of the standard's own examples: its subject is "1234567890". */
const EXAMPLE_JWT = 'eyJzdWIiOiIxMjM0NTY3ODkw';
const LOCAL_HOST = /^(localhost|127\.|0\.0\.0\.0|\[?::1|[^.]*$)|(^|\.)(example|test|invalid|local)(\.|$)/i;
const WEAK_PASSWORD =
  /^(pass|password|passwd|pwd|pw|secret|user|username|root|admin|postgres|mysql|test|guest|foo|bar|1234\d*)$/i;

/**
 * Looks for secrets in a text: private keys, tokens with well-known prefixes, passwords in connection strings,
 * and random-looking values given to names such as `api_key`. Stand-ins and local test databases are let
 * through. Linear in the length of the text; bytes may be given as latin1 text.
 */
export function findSecret(text: string): SecretHit | undefined {
  return findMarkedSecret(markedLines(text), () => text);
}

/** Positions in a text that make their lines worth looking at: where there are none, there is no secret. */
export function findSecretMarks(text: string): number[] {
  return MARKS.flatMap((pattern) => Array.from(text.matchAll(pattern), ({ index }) => index));
}

/**
 * As {@link findSecret} of a text of which the lines that have marks are known.
 *
 * @param marked these lines, joined by `\n`
 * @param whole the text itself; looked at where a private key may be
 */
export function findMarkedSecret(marked: string, whole: () => string): SecretHit | undefined {
  if (marked === '') return undefined;
  for (const rule of TOKEN_RULES) {
    if (!rule.hints.some((hint) => marked.includes(hint))) continue;
    for (const [match] of marked.matchAll(rule.pattern)) {
      if (!isStandIn(match) && !match.includes(EXAMPLE_JWT)) return { rule: rule.name };
    }
  }
  if (marked.includes('PRIVATE KEY') && hasPrivateKey(whole())) return { rule: 'private-key' };
  if (marked.includes('://') && hasConnectionPassword(marked)) return { rule: 'connection-string' };
  return hasSecretAssignment(marked) ? { rule: 'assigned-secret' } : undefined;
}

function markedLines(text: string): string {
  const lines: string[] = [];
  let end = -1;
  for (const position of findSecretMarks(text).sort((a, b) => a - b)) {
    if (position < end) continue;
    const from = text.lastIndexOf('\n', position) + 1;
    end = text.indexOf('\n', position);
    if (end < 0) end = text.length;
    lines.push(text.slice(from, end));
  }
  return lines.join('\n');
}

function escape(literal: string): string {
  return literal.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

function hasPrivateKey(text: string): boolean {
  for (const match of text.matchAll(PRIVATE_KEY)) {
    const end = match.index + match[0].length;
    // In source code the lines of a key are strings: joined here to see the text of the key itself.
    const body = text.slice(end, end + KEY_BODY_REACH).replace(/\\[nr]|[\s"'`+,]/g, '');
    const run = /[A-Za-z0-9/=]{48,}/.exec(body)?.[0];
    if (run && entropyBits(run.slice(0, 256)) > 4 && !isStandIn(run.slice(0, 64))) return true;
  }
  return false;
}

function hasConnectionPassword(text: string): boolean {
  for (const [, web, password, host] of text.matchAll(CONNECTION)) {
    if (web && !/^(?=.*\d)(?=.*[A-Za-z])[\w.~+-]{16,}$/.test(password!)) continue;
    if (STAND_IN.test(password!) || WEAK_PASSWORD.test(password!) || /[{}$()*]/.test(password!)) continue;
    if (!LOCAL_HOST.test(host!)) return true;
  }
  return false;
}

function hasSecretAssignment(text: string): boolean {
  for (const pattern of [ASSIGNMENT, BARE_ASSIGNMENT]) {
    for (const [, value] of text.matchAll(pattern)) if (isRandom(value!)) return true;
  }
  return false;
}

/** Whether a value looks drawn at random: letters and digits mixed, no words, high entropy for its alphabet. */
function isRandom(value: string): boolean {
  if (STAND_IN.test(value) || !/\d/.test(value) || !/[A-Za-z]/.test(value)) return false;
  if (!/^[A-Za-z0-9+/=_.~!@#%^&*-]+$/.test(value)) return false;
  // Names, paths and versions: words of letters joined by marks.
  if (/^[A-Za-z]*\d{0,4}([._/:-][A-Za-z]*\d{0,4})+$/.test(value)) return false;
  const bits = entropyBits(value);
  return /^[0-9a-f]+$/i.test(value) ? value.length >= 32 && bits > 3.2 : value.length >= 20 && bits > 3.9;
}

function isStandIn(value: string): boolean {
  return STAND_IN.test(value) || new Set(value.slice(4)).size < 8;
}

/** Shannon entropy in bits per character. */
function entropyBits(value: string): number {
  const counts = new Map<string, number>();
  for (const character of value) counts.set(character, (counts.get(character) ?? 0) + 1);
  let bits = 0;
  for (const count of counts.values()) bits -= (count / value.length) * Math.log2(count / value.length);
  return bits;
}
