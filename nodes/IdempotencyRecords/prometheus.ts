import { observedIn } from '../../lib/core/statistics';
import type { Statistics } from './statistics';

/** The text format that Prometheus scrapes: https://prometheus.io/docs/instrumenting/exposition_formats/ */
export const TEXT_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

interface Sample {
	readonly labels: Readonly<Record<string, string>>;
	readonly value: number;
}

/**
 * What was counted in the days asked for, as counters: they fall when a day is no longer looked at, which Prometheus takes for a restart. Ask
 * for as many days as the store keeps.
 */
export function prometheusText({ days, unresolved, tenants }: Statistics): string {
	const requests = new Sums();
	const observed = new Sums();
	const bytes = new Sums();
	for (const day of days) {
		const { namespace } = day;
		requests.add({ namespace, outcome: 'new' }, day.new);
		requests.add({ namespace, outcome: 'retry' }, day.retries);
		requests.add({ namespace, outcome: 'duplicate' }, day.duplicates);
		requests.add({ namespace, outcome: 'missing_key' }, day.missingKeys);
		for (const [reason, count] of Object.entries(day.conflictsByReason)) {
			requests.add({ namespace, outcome: reason }, count);
		}
		if (observedIn(day) > 0) {
			for (const [reason, count] of Object.entries(day.observedByReason)) {
				observed.add({ namespace, reason }, count);
			}
		}
		bytes.add({ namespace }, day.bytes);
	}
	const waiting = new Sums();
	const oldest = new Sums();
	for (const [namespace, { count, oldestSince }] of unresolved) {
		waiting.add({ namespace }, count);
		oldest.add({ namespace }, oldestSince / 1000);
	}
	const ofTenants = new Sums();
	for (const { namespace, tenant, counts } of tenants) {
		for (const [outcome, count] of Object.entries(counts)) {
			ofTenants.add({ namespace, tenant, outcome }, count);
		}
	}
	return [
		metric('requests_total', 'counter', 'Requests by what became of them.', requests),
		metric('would_have_blocked_total', 'counter', 'What Observe Only let through.', observed),
		metric('tenant_requests_total', 'counter', 'Requests by tenant.', ofTenants),
		metric('result_bytes_total', 'counter', 'Bytes of results that were stored.', bytes),
		metric('unresolved', 'gauge', 'Requests that wait for somebody.', waiting),
		metric('oldest_unresolved_timestamp_seconds', 'gauge', 'Since when the first waits.', oldest),
	].join('');
}

class Sums {
	private readonly samples = new Map<string, { labels: Sample['labels']; value: number }>();

	add(labels: Sample['labels'], value: number): void {
		const id = JSON.stringify(labels);
		const known = this.samples.get(id);
		if (known === undefined) this.samples.set(id, { labels, value });
		else known.value += value;
	}

	get all(): Sample[] {
		return [...this.samples.values()];
	}
}

function metric(name: string, type: 'counter' | 'gauge', help: string, { all }: Sums): string {
	const full = `idempotency_${name}`;
	const lines = all.map(({ labels, value }) => `${full}{${labelsText(labels)}} ${value}`);
	return [`# HELP ${full} ${help}`, `# TYPE ${full} ${type}`, ...lines, ''].join('\n');
}

function labelsText(labels: Sample['labels']): string {
	return Object.entries(labels)
		.map(([name, value]) => `${name}="${escapedLabel(value)}"`)
		.join(',');
}

const escapedLabel = (value: string): string =>
	value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
