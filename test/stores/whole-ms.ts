/** What a store makes of the durations in what it is asked: whole milliseconds, rounded up. */
export function inWholeMs<Asked extends object>(asked: Asked): Asked {
	const parts = Object.entries(asked).map(([name, part]: [string, unknown]) => {
		if (name.endsWith('Ms') && typeof part === 'number') return [name, Math.ceil(part)];
		const holdsSome = name === 'budget' || name === 'remains';
		return [name, holdsSome && typeof part === 'object' && part !== null ? inWholeMs(part) : part];
	});
	return Object.fromEntries(parts) as Asked;
}
