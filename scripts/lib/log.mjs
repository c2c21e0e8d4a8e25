/** Progress for people, on stderr: stdout is kept for results. Each line carries the time since the script started. */

const started = performance.now();

/** Seconds since the script started. */
export function elapsedSeconds() {
	return (performance.now() - started) / 1000;
}

export function formatDuration(seconds) {
	const whole = Math.floor(seconds);
	return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}`;
}

export function say(text) {
	process.stderr.write(`[${formatDuration(elapsedSeconds())}] ${text}\n`);
}

/**
 * Says what is being done, says so again every few seconds while it lasts, and how long it took.
 *
 * @param {string} what e.g. "Installing n8n 2.41.1 (about 3 minutes)"
 * @param {() => Promise<T>} work
 * @param {() => string} [detail] how far it is, e.g. "12 of 200"
 * @template T
 * @returns {Promise<T>} what `work` returns
 */
export async function during(what, work, detail) {
	const begun = performance.now();
	const seconds = () => (performance.now() - begun) / 1000;
	say(`${what} …`);
	const heartbeat = setInterval(() => {
		const far = detail === undefined ? '' : `, ${detail()}`;
		say(`  … ${what}: ${Math.round(seconds())} s${far}`);
	}, 5_000);
	try {
		const result = await work();
		if (seconds() >= 1) say(`  done in ${seconds().toFixed(1)} s`);
		return result;
	} finally {
		clearInterval(heartbeat);
	}
}
