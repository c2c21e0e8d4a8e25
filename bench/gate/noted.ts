import type { Noted } from './gate';

/** What short runs gave at the median on two cores; where runs beside more and beside less other work differed, the lower of both. */

type Ratios = Readonly<Record<string, number>>;

const noted = (bench: string, unit: string, ratios: Ratios): Noted[] =>
	Object.entries(ratios).map(([peer, ratio]) => ({ bench, unit, peer, ratio }));

const POWERTOOLS = '@aws-lambda-powertools/idempotency';
const NODE_IDEMPOTENCY = '@node-idempotency/core';
const INSERT = 'pg, INSERT … ON CONFLICT DO NOTHING';
const DOUBLING = 'times the time per doubling, 250 to 2,000 claims';
const EXECUTIONS = 'executions/s';

/** For each of the stores that n8n can have. */
const byStore = (peer: string, ratio: number): Ratios =>
	Object.fromEntries(
		['embedded', 'redis', 'postgres'].map((store) => [`${peer} (store: ${store})`, ratio]),
	);

const inN8n: Ratios = Object.fromEntries(
	[
		"n8n's Remove Duplicates",
		"n8n's Redis node: GET, then SET",
		"n8n's Data Table: row exists, then insert",
	].flatMap((peer) =>
		['embedded', 'Redis', 'PostgreSQL'].map((store) => [
			`${peer} (Idempotency Guard, store: ${store})`,
			0.7,
		]),
	),
);

export const NOTED: readonly Noted[] = [
	...noted('claim-batch', 'claims/s', { 'ioredis, pipelined SET PX NX GET': 0.37 }),
	...noted('claim-single', 'claims/s', { 'ioredis, SET PX NX GET': 0.2 }),
	...noted('same-content', 'claims/s', { 'the same without it': 0.85 }),
	...noted('claim-finish', 'requests/s, one by one', {
		[POWERTOOLS]: 0.25,
		[NODE_IDEMPOTENCY]: 0.22,
	}),
	...noted('claim-finish', 'requests/s, 100 at once', {
		[POWERTOOLS]: 0.5,
		[NODE_IDEMPOTENCY]: 0.3,
	}),
	...noted('embedded-batch', 'claims/s', {
		'node:sqlite, 3 columns': 0.3,
		'node:sqlite, the same columns': 0.65,
	}),
	...noted('postgres-single', 'claims/s', { [INSERT]: 0.45 }),
	...noted('postgres-batch', 'claims/s', { [INSERT]: 0.6 }),
	...noted('postgres-hot', 'claims/s', { [INSERT]: 4 }),
	...noted('canonical-json', 'MB/s', { canonicalize: 2.3, 'json-canonicalize': 3.7 }),
	...noted('memory', 'bytes a claimed record', { 'SET key token': 0.27, 'SET key token PX': 0.33 }),
	...noted('memory', 'bytes a finished record', { 'SET key token': 0.37 }),
	...noted('memory', 'bytes a record, 10% of them claimed', { 'SET key token': 0.35 }),
	...noted('stats', 'claims/s', { 'without counters': 0.8 }),
	...noted('list redis', 'records/s', { 'SCAN and HGETALL': 0.32 }),
	...noted('list embedded', 'records/s', { 'node:sqlite, a statement a page': 0.2 }),
	...noted('list postgres', 'records/s', { 'pg, a statement a page': 0.35 }),
	...noted('settle embedded', DOUBLING, { 'at most': 1.1 }),
	...noted('settle redis', DOUBLING, { 'at most': 1.15 }),
	...noted('settle postgres', DOUBLING, { 'at most': 1.05 }),
	...noted('guard-in-n8n', EXECUTIONS, byStore('three NoOps', 0.8)),
	...noted('guard-alone', EXECUTIONS, byStore('one NoOp', 0.75)),
	...noted('in-n8n', EXECUTIONS, inN8n),
];

/** Rows of a short run that are held to nothing, and why. */
export const NOT_NOTED: Readonly<Record<string, string>> = {
	'embedded-single':
		'each claim waits for the disk: of four runs one gave seven times the ratio of another',
	edge: 'its ratios were measured on an idle machine alone, and what else runs on the cores takes longer than a duplicate at the door',
	wait: 'microseconds of a round trip against milliseconds of a wait that is bounded by its own figure',
	'list, MB held': 'what the collector of garbage leaves behind is chance',
	'settle, longest hold of the loop': 'one collection of garbage more, or less, is much of it',
	'settle, time for 10,000 claims': 'two figures of ours, and no peer',
};
