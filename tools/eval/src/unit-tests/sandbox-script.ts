/**
 * What runs between `unshare` and the tests, as process 1 of a process namespace of its own; when it ends, the kernel kills
 * all that is left in there. Arguments: see {@link sandboxArguments}.
 *
 * Everything but the work directory becomes read-only, sockets of other programs (in /run) are hidden, and all
 * privileges over the namespace are dropped before the tests start. Where one of these steps is not possible
 * the script goes on: what is in force is measured, see `detectIsolation`.
 */
const ISOLATE = `
path=$PATH
PATH=/usr/sbin:/usr/bin:/sbin:/bin
work=$1
ip link set lo up 2>/dev/null || :
mount --make-rprivate / 2>/dev/null || :
mount --bind "$work" "$work" 2>/dev/null || :
mounts=$(cat /proc/self/mountinfo)
while read -r _ _ _ _ point _; do
  case $point in "$work"|/proc|/proc/*|/dev|/dev/*) ;; *) mount -o remount,bind,ro "$point" 2>/dev/null || : ;; esac
done <<MOUNTS
$mounts
MOUNTS
for hidden in /run /dev/shm; do
  mount -t tmpfs -o size=67108864,mode=1777 none "$hidden" 2>/dev/null || :
done
drop=
if command -v setpriv >/dev/null; then
  drop="setpriv --no-new-privs --bounding-set=-all --inh-caps=-all"
fi
{ echo "$3" >/proc/sys/kernel/pid_max; } 2>/dev/null || ulimit -u "$4" 2>/dev/null || ulimit -p "$4" 2>/dev/null || :
( sleep "$8"; kill -KILL -1 ) >/dev/null 2>&1 </dev/null &
`;

/** Limits that the kernel keeps for each process. */
const LIMIT = `
ulimit -c 0
ulimit -d "$5" 2>/dev/null || :
ulimit -f "$6" 2>/dev/null || :
# The soft limit a little earlier: it ends a process by a signal of its own, SIGXCPU, that can be told from a kill.
{ ulimit -S -t "$7" && ulimit -H -t "$(($7 + 2))"; } 2>/dev/null || :
cd "$2" || exit 126
shift 8
`;

/** Runs the tests in namespaces: `sh -c SANDBOX_SCRIPT sandbox …arguments …command`. */
export const SANDBOX_SCRIPT = `${ISOLATE}${LIMIT}
PATH=$path
$drop "$@"
exit $?
`;

/** Runs the tests with limits alone. */
export const LIMITS_SCRIPT = `${LIMIT}
exec "$@"
`;

/** `unshare` with a user, network, process, mount and IPC namespace. */
export const UNSHARE = [
  'unshare',
  ...[
    '--user',
    '--map-root-user',
    '--net',
    '--pid',
    '--ipc',
    '--mount',
    '--mount-proc',
    '--fork',
    '--kill-child',
  ],
] as const;

export interface SandboxLimits {
  /** The only place that may be written to. Absolute, and a real path. */
  readonly workDirectory: string;
  /** Where the command starts. */
  readonly directory: string;
  readonly processes: number;
  /** Of one process: its private writable memory. */
  readonly dataBytes: number;
  readonly fileBytes: number;
  readonly cpuSeconds: number;
  /** After so long the sandbox ends itself, should nobody be left to end it. */
  readonly guardSeconds: number;
}

/** The kernel does not take a lower highest process number. */
const LEAST_PID_MAX = 301;

/** The positional arguments of both scripts, without the command. */
export function sandboxArguments(limits: SandboxLimits, processesOfUser: number): string[] {
  return [
    limits.workDirectory,
    limits.directory,
    String(Math.max(LEAST_PID_MAX, limits.processes)),
    // Where the limit is the user's rather than the namespace's, what runs already counts too.
    String(limits.processes + processesOfUser),
    String(Math.ceil(limits.dataBytes / 1024)),
    // `ulimit -f` counts blocks of 512 bytes in a POSIX shell.
    String(Math.ceil(limits.fileBytes / 512)),
    String(limits.cpuSeconds),
    String(limits.guardSeconds),
  ];
}
