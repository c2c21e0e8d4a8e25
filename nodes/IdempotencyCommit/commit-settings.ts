import type { StoreKind } from '../../lib/core/store';
import { durationProblem } from '../../lib/core/durations';
import { MAX_RESULT_BYTES } from '../../lib/core/limits';
import type { ItemParameters } from '../shared/parameters';
import { pathsIn } from '../shared/parameters';

export type Operation = 'save' | 'fail' | 'release' | 'renew';

/** What holds for all items of a Commit; read at the first. */
export interface CommitSettings {
	readonly store: StoreKind;
	readonly operation: Operation;
	readonly outcome: 'detect' | 'completed';
	readonly result: 'items' | 'fields' | 'none';
	readonly resultFields: readonly string[];
	readonly failedResponses: 'replay' | 'release';
	readonly unknownResponses: 'hold' | 'release';
	readonly maxResultBytes: number;
	readonly redactFields: readonly string[];
	/** Null: what the Guard says. */
	readonly retentionMs: number | null;
	readonly respond: boolean;
}

/** @returns the settings, or what is wrong with them. */
export function readSettings(parameters: ItemParameters): CommitSettings | string {
	const option = <T>(name: string, fallback: T) => parameters.get(`options.${name}`, 0, fallback);
	const hours = option<unknown>('retentionHours', null);
	const retentionMs = hours === null ? null : Math.ceil(Number(hours) * 3_600_000);
	const maxResultBytes = Math.floor(Number(option<unknown>('maxResultKB', 1024)) * 1024);
	if (retentionMs !== null) {
		const problem = durationProblem('"Remember For (Hours)"', retentionMs);
		if (problem !== null) return problem;
	}
	if (!(maxResultBytes > 0)) return '"Largest Result (KB)" must be more than zero';
	if (maxResultBytes > MAX_RESULT_BYTES / 2) {
		return `"Largest Result (KB)" must be at most ${(MAX_RESULT_BYTES / 2048).toLocaleString('en-US')}`;
	}
	return {
		store: parameters.get<StoreKind>('store', 0, 'embedded'),
		operation: parameters.get<Operation>('operation', 0, 'save'),
		outcome: parameters.get<CommitSettings['outcome']>('outcome', 0, 'detect'),
		result: parameters.get<CommitSettings['result']>('result', 0, 'items'),
		resultFields: pathsIn(parameters.get('resultFields', 0, '')),
		failedResponses: option<CommitSettings['failedResponses']>('failedResponses', 'replay'),
		unknownResponses: option<CommitSettings['unknownResponses']>('unknownResponses', 'hold'),
		maxResultBytes,
		redactFields: pathsIn(option('redactFields', '')),
		retentionMs,
		respond: option('respond', false),
	};
}
