import { invalidArgument } from '@repoformer/domain';

// Hooks are handled as Latin-1 strings, one character a byte, so that whatever they hold survives unchanged.

/** The hooks after which HEAD may have moved. */
export const HOOK_NAMES = ['post-commit', 'post-merge', 'post-checkout', 'post-rewrite'] as const;
export type HookName = (typeof HOOK_NAMES)[number];

/** A hook that is no shell script keeps running under this suffix. */
export const CHAINED_SUFFIX = '.repoformer-chained';

/** Ending of a finished notice; anything else in the spool directory is not read. */
export const NOTICE_SUFFIX = '.notice';

/** With this many notices waiting nobody is reading them, and a daemon that starts looks at HEAD anyway. */
const MAX_WAITING = 500;

const BEGIN = '# >>> repoformer >>>';
const END = '# <<< repoformer <<<';
const CREATED = '# This file was created by repoformer.';
const SHEBANG = '#!/bin/sh\n';
/** Shells that read our block alike; zsh is left out because an unmatched glob is an error there. */
const SHELL =
  /^#!\s*(?:\S*\/)?(?:env\s+(?:-S\s+)?)?(?:\S*\/)?(?:sh|bash|dash|ash|ksh|mksh)(?:[ \t][^\r\n]*)?(?:\n|$)/;

/**
 * The lines that tell the daemon. Everything runs in the background with no file left open: the commit
 * waits for one fork. The notice appears under its name at once (written aside, then renamed).
 */
function block(hook: HookName, spoolDirectory: string, extra: readonly string[] = []): string {
  const lines = [
    BEGIN,
    '# Tells the local completion daemon that HEAD may have moved. Never fails, never waits.',
    '# Remove with: repoformer hooks uninstall',
    ...extra,
    `( spool=${quote(spoolDirectory)}`,
    '  [ -d "$spool" ] || exit 0',
    `  set -- "$spool"/*${NOTICE_SUFFIX}`,
    `  [ $# -lt ${MAX_WAITING} ] || exit 0`,
    `  notice="$spool/$$-\${PPID-0}-${hook}"`,
    `  printf '%s\\0%s\\0%s\\0' ${hook} "$PWD" "\${GIT_DIR-}" >"$notice.tmp" &&`,
    `    mv -f "$notice.tmp" "$notice${NOTICE_SUFFIX}"`,
    ') </dev/null >/dev/null 2>&1 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&- &',
    END,
  ];
  return Buffer.from(lines.join('\n'), 'utf8').toString('latin1');
}

function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/** @throws AppError invalid_argument for a path that cannot be written into a shell script safely. */
export function checkSpoolDirectory(spoolDirectory: string): void {
  // eslint-disable-next-line no-control-regex
  if (/[\x00-\x1f\x7f]/.test(spoolDirectory) || !/^(?:\/|[A-Za-z]:[\\/])/.test(spoolDirectory)) {
    throw invalidArgument('spoolDirectory', 'must be an absolute path without control characters');
  }
}

/** Whether our block can be put into a hook as it is: a script that a POSIX-like shell runs. */
export function isShellScript(content: string): boolean {
  if (content.slice(0, 8000).includes('\0')) return false;
  // Git runs a hook without an interpreter line with sh.
  return content.startsWith('#!') ? SHELL.test(content) : true;
}

/** A hook of our own, where there was none. */
export function createHook(hook: HookName, spoolDirectory: string): string {
  return `${SHEBANG}${block(hook, spoolDirectory, [CREATED])}\n`;
}

/** A hook of our own that then becomes the hook that was there: its input, arguments and exit code are its own. */
export function createChainedHook(hook: HookName, spoolDirectory: string): string {
  return `${createHook(hook, spoolDirectory)}[ -x "$0${CHAINED_SUFFIX}" ] || exit 0\nexec "$0${CHAINED_SUFFIX}" "$@"\n`;
}

/**
 * Adds our block to a shell hook, right after its interpreter line: at the end, an `exit` or `exec` before it
 * would keep it from running. `removeBlock` gives back the same bytes.
 */
export function addBlock(hook: HookName, spoolDirectory: string, content: string): string {
  const line = /^#![^\n]*\n?/.exec(content)?.[0] ?? '';
  const rest = content.slice(line.length);
  // A file that ends with its interpreter line, without a line end, gets one that belongs to the block.
  return line !== '' && !line.endsWith('\n')
    ? `${line}\n${block(hook, spoolDirectory)}`
    : `${line}${block(hook, spoolDirectory)}\n${rest}`;
}

export interface OurBlock {
  readonly start: number;
  readonly end: number;
  /** Undefined when somebody has edited it away. */
  readonly spoolDirectory: string | undefined;
  /** The file holds nothing but what we wrote, and was not there before. */
  readonly wholeFile: boolean;
}

/** Our block in a hook, its line end included; undefined when there is none. */
export function findBlock(content: string): OurBlock | undefined {
  const begin = new RegExp(`^${BEGIN}$`, 'm').exec(content)?.index;
  if (begin === undefined) return undefined;
  const last = content.indexOf(`\n${END}`, begin);
  if (last < 0) return undefined;
  const stop = last + 1 + END.length;
  const endsLine = content[stop] === '\n';
  const start = !endsLine && begin > 0 ? begin - 1 : begin;
  const end = endsLine ? stop + 1 : stop;
  const inside = content.slice(begin, stop);
  const quoted = /^\( spool='((?:[^'\n]|'\\'')*)'$/m.exec(inside)?.[1];
  const outside = content.slice(0, start) + content.slice(end);
  return {
    start,
    end,
    spoolDirectory: quoted && Buffer.from(quoted.replaceAll(`'\\''`, "'"), 'latin1').toString('utf8'),
    wholeFile: inside.includes(`\n${CREATED}\n`) && outside === SHEBANG,
  };
}

/** Whether the file is the wrapper that `createChainedHook` wrote. */
export function isChainedHook(content: string): boolean {
  return findBlock(content) !== undefined && content.includes(`\nexec "$0${CHAINED_SUFFIX}" "$@"\n`);
}

/** The hook without our block; undefined when nothing is left of a file that we created. */
export function removeBlock(content: string): string | undefined {
  const found = findBlock(content);
  if (!found) return content;
  return found.wholeFile ? undefined : content.slice(0, found.start) + content.slice(found.end);
}
