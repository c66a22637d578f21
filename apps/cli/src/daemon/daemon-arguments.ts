import { flagOf, formatAddress, optionsOf, propertyOf } from '@repoformer/config';
import type { ListenAddress, OptionName, OptionRow, OptionValue, ResolvedConfig } from '@repoformer/config';

/**
 * Flags that make a daemon take the options this command was given: those set by flag or environment, whose
 * relative paths mean this command's working directory, and always the directories that name the daemon. The
 * user's file it reads itself.
 */
export function daemonArguments({ config, origins }: ResolvedConfig): string[] {
  const values = config as unknown as Record<string, OptionValue | undefined>;
  return optionsOf('daemon').flatMap((row) => {
    const { kind } = origins[row.name as OptionName];
    const value = values[propertyOf(row.name)];
    const names = row.name === 'data-dir' || row.name === 'socket';
    if (value === undefined || !(names || kind === 'flag' || kind === 'env')) return [];
    return argumentsOf(row, value);
  });
}

function argumentsOf(row: OptionRow, value: OptionValue): string[] {
  const flag = flagOf(row.name);
  switch (row.type) {
    case 'boolean':
      return [value === true ? flag : `--no-${row.name}`];
    case 'paths':
      return (value as readonly string[]).map((path) => `${flag}=${path}`);
    case 'address':
      return [`${flag}=${formatAddress(value as ListenAddress)}`];
    default:
      return [`${flag}=${String(value)}`];
  }
}
