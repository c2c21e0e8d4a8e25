/** Adds to what is counted under a name. A count that comes back to 0 is forgotten, so that the map holds no more than what is held. */
export function addTo(counts: Map<string, number>, name: string, by: number): void {
	const count = (counts.get(name) ?? 0) + by;
	if (count === 0) counts.delete(name);
	else counts.set(name, count);
}
