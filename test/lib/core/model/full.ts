import { explore } from './explore';
import { LARGE, SMALL } from './settings';

/** Run by `npm run model`. Prints how many states each setting has. */

const MOST_STATES = Number(process.env.IDEMPOTENCY_MODEL_STATES ?? 1_000_000);

describe('every state', () => {
	it.each([...SMALL, ...LARGE])(
		'$name',
		(settings) => {
			const began = performance.now();
			const { problems, states, steps, isComplete } = explore(settings, MOST_STATES);
			const seconds = ((performance.now() - began) / 1000).toFixed(0);
			process.stdout.write(
				`${settings.name}: ${states.toLocaleString('en-US')} states, ${steps.toLocaleString('en-US')} steps, ${isComplete ? 'all' : 'cut off'}, ${seconds} s\n`,
			);
			expect(Object.fromEntries(problems)).toEqual({});
		},
		3_600_000,
	);
});
