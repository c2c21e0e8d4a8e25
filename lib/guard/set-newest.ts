/** Sets a value as the newest of a map that holds `most` at the most: beyond that the one that was set the longest ago goes. */
export function setNewest<K, V>(map: Map<K, V>, key: K, value: V, most: number): void {
	map.delete(key);
	map.set(key, value);
	if (map.size <= most) return;
	for (const oldest of map.keys()) {
		map.delete(oldest);
		return;
	}
}
