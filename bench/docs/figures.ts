import type { Row } from '../report';

/** What a row is held to, and why where it can't be reached: the profile of the same run shows it. */
export interface Figure {
	readonly about: string;
	readonly target: string | ((row: Row) => string);
	readonly reached: (row: Row) => boolean;
	readonly why?: string;
}

const ratio = (about: string, least: number, why?: string): Figure => ({
	about,
	target: `≥ ${least}`,
	reached: (row) => row.ratio >= least,
	...(why === undefined ? {} : { why }),
});

/** How fast depends on the page; that a page is all that is held does not. */
const listing = (store: string): Figure => ({
	about: `all records page by page, ${store}`,
	target: '≤ 50 MB held',
	reached: (row) => row.unit !== 'MB held' || row.ours <= 50,
});

/** Time grows with the claims and no faster, and others get their turn of the loop meanwhile; how long all takes is reported. */
const settling = (store: string): Figure => ({
	about: `the end of a run that failed, ${store}`,
	target: ({ unit, theirs }) => (isMilliseconds(unit) ? '–' : `≤ ${theirs}`),
	reached: ({ unit, ours, theirs }) => isMilliseconds(unit) || ours <= theirs,
});

const isMilliseconds = (unit: string): boolean => unit.startsWith('ms for');

/** n8n's defaults spend most of a request before any of our code runs. */
const leastOfEdge = ({ peer }: Row): number => (peer.includes("n8n's defaults") ? 1.3 : 4.5);

const leastOfCanonicalJson = ({ peer }: Row): number => (peer === 'canonicalize' ? 2.5 : 4);

/** A table of three columns holds a key and nothing else: it is there to compare. */
const inSqlite = (about: string, why: string): Figure => ({
	about,
	target: ({ peer }) => (peer.includes('the same columns') ? '≥ 0.9' : '–'),
	reached: ({ peer, ratio: reached }) => !peer.includes('the same columns') || reached >= 0.9,
	why,
});

/** One by one a round trip is most of it; at once what each request costs. */
function leastOfClaimFinish({ peer, unit }: Row): number {
	const isPowertools = peer.includes('powertools');
	if (unit.includes('one by one')) return isPowertools ? 0.7 : 0.55;
	return isPowertools ? 1.2 : 0.8;
}

export function targetOf(row: Row): string {
	const target = FIGURES[row.bench]?.target ?? '';
	return typeof target === 'string' ? target : target(row);
}

export const FIGURES: Readonly<Record<string, Figure>> = {
	'claim-batch': ratio(
		'10,000 new claims in one call, Redis',
		0.8,
		'a claim is a hash with its end, an entry in the index of open claims and a count, changed together by a script, where the peer sets one string. The table below shows what Redis spends: the commands of a claim take more than a `SET` does, and the rest of `evalsha` is Lua. For the peer Redis is idle most of the time, since its own client takes longer.',
	),
	'claim-single': ratio(
		'new claims one after the other, Redis',
		0.7,
		'with no network between, all that a script takes beyond a `SET` shows: in Redis the `evalsha` of the table below, and here the longer request and its answer. Per call it is the difference of the two times below.',
	),
	'same-content': ratio(
		'new claims one after the other that remember their content, Redis',
		0.9,
		'a content is a second record, written in the same step.',
	),
	'claim-finish': {
		about: 'claim and finish with a small result, Redis',
		target: (row) => `≥ ${leastOfClaimFinish(row)}`,
		reached: (row) => row.ratio >= leastOfClaimFinish(row),
		why: 'the peers send one `SET` to claim and one to finish, without fence, owner, index or counters: the tables of side effects say what that costs them. Ours are two scripts, each of which does more in Redis than a `SET`, as the table below shows; 100 at once share round trips, not the time that the scripts take for each.',
	},
	'embedded-batch': inSqlite(
		'10,000 new claims in one call, SQLite',
		"a row has two indexes more (open claims, expiry) than the table with the same columns. SQLite's commit and its insert take the most; the rest is spread over the rules: the lookup, the budget, the row that is made of a record, the answer.",
	),
	'embedded-single': inSqlite(
		'new claims one after the other, each on the disk, SQLite',
		'most of it is the flush of the log to the disk, which both do. The rest is as in `embedded-batch`.',
	),
	'postgres-single': ratio(
		'new claims one after the other, PostgreSQL',
		0.7,
		'a claim reads the record under a lock and writes two indexes and a count besides the row.',
	),
	'postgres-batch': ratio(
		'1,000 new claims in one call, PostgreSQL',
		0.5,
		'as `postgres-single`: a claim reads before it writes, and writes two indexes and a count besides.',
	),
	'postgres-hot': ratio('500 claims of one key at once, PostgreSQL', 1),
	'canonical-json': {
		about: 'canonical text of 1 MB of mixed JSON',
		target: (row) => `≥ ${leastOfCanonicalJson(row)}`,
		reached: (row) => row.ratio >= leastOfCanonicalJson(row),
	},
	'guard-in-n8n': ratio(
		'Webhook → Guard → NoOp → Commit in a real n8n',
		0.93,
		'an execution on Redis reads a credential, which n8n fetches from its database and decrypts each time: that, and two trips to Redis, is what the embedded store does without. The ratio of one run differs from that of another by some hundredths.',
	),
	'guard-alone': ratio(
		'Webhook → Guard in a real n8n',
		0.95,
		'the run is over before n8n has written it down; then its end is looked at, which a Commit does in the run where there is one: the evidence of all its nodes is read, and the claim is finished in a call of its own.',
	),
	'in-n8n': ratio(
		'new orders, each charged by a call: Webhook → Guard → HTTP Request → Commit',
		1,
		'the peers ask once or twice before the act and keep no result; ours asks before it and saves the answer after it. The ratio of one run differs from that of another by some hundredths.',
	),
	'list redis': listing('Redis'),
	'list embedded': listing('SQLite'),
	'list postgres': listing('PostgreSQL'),
	'settle embedded': settling('SQLite'),
	'settle redis': settling('Redis'),
	'settle postgres': settling('PostgreSQL'),
	stats: ratio(
		'claims with their counters, Redis',
		0.9,
		'a claim counts in a hash of its day and namespace: an HINCRBY more in its script.',
	),
	edge: {
		about: 'duplicates answered by Idempotent Webhook, without an execution, in a real n8n',
		target: (row) => `≥ ${leastOfEdge(row)}`,
		reached: (row) => row.ratio >= leastOfEdge(row),
		why: "a duplicate costs no execution, but n8n looks up the webhook and builds the node's parameters for each request before our code is asked; what is left of ours is the key, what is compared and one call of the store. With n8n's defaults each request acquires an isolate of the expression engine besides, whether it needs one or not. `edge-refused` is how far any door could go.",
	},
	'edge-refused': {
		about:
			'requests that Idempotent Webhook refuses by its first rule, before any key or store, in a real n8n: no door can answer more',
		target: '–',
		reached: () => true,
	},
	'big-body': ratio(
		'a duplicate of a body of 13 MB with 900,000 keys, the same bytes sent again, all of it compared, answered by Idempotent Webhook in a real n8n',
		0.8,
		'the same bytes under the same key are known by their hash, which a process remembers of its last 1,000 large bodies; what is left is to parse them, as n8n does for any webhook. The first request, and one whose fields come in another order, is not measured here: two requests are the same whatever that order is, so all keys are sorted and the whole body is written once more, which takes about twice as long as to parse it.',
	),
	'noisy-tenant': ratio(
		"a tenant's new requests while another tenant's storm over 4 connections is refused by its budget, in a real n8n",
		0.5,
		"behind a *Webhook* each refusal is an execution; Guard holds 20 of them back at a time, and what comes beyond them takes n8n's time. Where Idempotent Webhook has an expression, n8n makes an isolate of its expression engine for each request, refused or not, before our code is asked; for tens of milliseconds it does nothing else.",
	),
	wait: {
		about: 'from the commit to the answer of a duplicate that waits',
		target: '≤ 10 ms',
		reached: (row) => row.ours <= 10,
	},
	memory: {
		about: 'a record with digests of 5 fields and no result, index and counters included, Redis',
		target: '≤ 3 times',
		reached: (row) => row.ours <= 3 * row.theirs,
		why: 'a claimed record is in the index of open claims, which takes the difference to a finished one; and it ends by itself, which a bare `SET` does not. Against a `SET` that ends, and for a store in which most records are finished, as they are after seconds, the figure is reached.',
	},
};
