import type { ListenAddress, OptionRow, Origin } from './option.js';
import type { OPTION_TABLE, OptionName } from './option-table.js';

type Camel<S extends string> = S extends `${infer Head}-${infer Tail}`
  ? `${Head}${Capitalize<Camel<Tail>>}`
  : S;

type ValueOf<R extends OptionRow> = R['type'] extends 'integer' | 'number'
  ? number
  : R['type'] extends 'boolean'
    ? boolean
    : R['type'] extends 'paths'
      ? readonly string[]
      : R['type'] extends 'address'
        ? ListenAddress
        : R extends { readonly choices: readonly (infer C)[] }
          ? C
          : string;

type Row = (typeof OPTION_TABLE)[number];

/** Options whose default is derived and always there. */
type Derived = 'data-dir' | 'models-dir' | 'socket' | 'token-file';

type IsSet<R extends Row> = R extends { readonly default: unknown }
  ? true
  : R['name'] extends Derived
    ? true
    : false;

/** All options, resolved: camelCase names, absolute paths, `undefined` where there is none. */
export type Config = {
  readonly [R in Row as Camel<R['name']>]: IsSet<R> extends true ? ValueOf<R> : ValueOf<R> | undefined;
};

export interface ResolvedConfig {
  readonly config: Config;
  readonly origins: Readonly<Record<OptionName, Origin>>;
}
