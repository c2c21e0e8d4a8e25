import type { Operation } from '../operation';
import * as forget from './forget';
import * as get from './get';
import * as list from './list';
import * as release from './release';
import * as report from './report';
import * as resolve from './resolve';
import * as stats from './stats';

/** By the value of "Operation". */
export const OPERATIONS: ReadonlyMap<string, Operation> = new Map<string, Operation>(
	Object.entries({ forget, get, list, release, report, resolve, stats }),
);
