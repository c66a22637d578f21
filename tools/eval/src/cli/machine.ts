import { arch, cpus, platform, release } from 'node:os';

/** What the timings were taken on, for people. */
export function describeMachine(): string {
  const processors = cpus();
  const name = (processors[0]?.model ?? arch()).replace(/\s+/g, ' ').trim();
  return `${processors.length} cores of ${name}, ${platform()} ${release().split('-')[0]}`;
}
