import { readFile, readdir } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

/** What a process and those that it started hold, as Linux says. */
export interface Held {
	/** Resident memory in MB. */
	readonly rssMb: number;
	/** Open file handles, sockets included. */
	readonly files: number;
}

/** @param leader whose group it is: n8n's servers lead one each */
export async function heldBy(leader: number): Promise<Held> {
	const names = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
	let [rssMb, files] = [0, 0];
	for (const name of names) {
		try {
			const stat = await readFile(`/proc/${name}/stat`, 'utf8');
			// The name of the program, in brackets, may hold anything: state, parent and group follow it.
			const group = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[2]);
			if (group !== leader) continue;
			const status = await readFile(`/proc/${name}/status`, 'utf8');
			rssMb += Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024;
			files += (await readdir(`/proc/${name}/fd`)).length;
		} catch {
			// It has ended meanwhile.
		}
	}
	return { rssMb, files };
}

/** Waits for the next of even steps since `begun`. */
export async function nextStep(begun: number, stepMs: number): Promise<void> {
	await sleep(stepMs - ((performance.now() - begun) % stepMs));
}
