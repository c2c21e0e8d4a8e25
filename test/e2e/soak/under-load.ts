import { median } from '../../../bench/measure';
import { deliver } from '../harness/deliver';
import type { N8nHost } from '../harness/n8n-host';
import type { Held } from './process-group';
import { heldBy, nextStep } from './process-group';

/** Between two steps each set-up gets a new request, and one that it had some steps ago. */
const STEP_MS = 500;
const STEPS_BEFORE_REPEAT = 5;

/** One of the slices of the time. */
export interface Slice extends Held {
	readonly minute: number;
	/** Median from the request to its answer; NaN where none was answered. */
	readonly answerMs: number;
}

/** An n8n under a steady load of new and repeated requests, and what it holds meanwhile. */
export class UnderLoad {
	readonly slices: Slice[] = [];

	requests = 0;

	private times: number[] = [];

	constructor(
		readonly name: string,
		/** Its processes. */
		private readonly hosts: readonly N8nHost[],
		private readonly url: string,
	) {}

	/** @throws where a request is not answered as the first of its key was */
	async send(begun: number, ms: number): Promise<void> {
		for (let step = 0; performance.now() - begun < ms; step++) {
			await nextStep(begun, STEP_MS);
			await this.sendOne(step);
			if (step >= STEPS_BEFORE_REPEAT) await this.sendOne(step - STEPS_BEFORE_REPEAT);
		}
	}

	/** Ends a slice. */
	async take(minute: number): Promise<void> {
		const held = await Promise.all(this.hosts.map(async ({ pid }) => await heldBy(pid)));
		const answerMs = Math.round(median(this.times));
		this.times = [];
		this.slices.push({
			minute,
			rssMb: Math.round(held.reduce((sum, { rssMb }) => sum + rssMb, 0)),
			files: held.reduce((sum, { files }) => sum + files, 0),
			answerMs,
		});
	}

	private async sendOne(step: number): Promise<void> {
		const at = performance.now();
		const orderId = `soak-${step}`;
		const headers = { 'idempotency-key': orderId };
		const { status, body } = await deliver(this.url, { orderId, amount: 5 }, headers);
		this.times.push(performance.now() - at);
		this.requests++;
		if (status !== 201) {
			throw new Error(`${this.name}: request ${step} got ${status}: ${JSON.stringify(body)}`);
		}
	}
}

/** The median of a figure in the second and in the last third: in the first one n8n warms up, and a machine may stand still for a slice. */
export function thirdsOf(
	{ slices }: Pick<UnderLoad, 'slices'>,
	figure: 'rssMb' | 'files' | 'answerMs',
): readonly [second: number, last: number] {
	const third = Math.floor(slices.length / 3);
	const middle = (part: readonly Slice[]) =>
		median(part.map((slice) => slice[figure]).filter(Number.isFinite));
	return [middle(slices.slice(third, 2 * third)), middle(slices.slice(-third))];
}
