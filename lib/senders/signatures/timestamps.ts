/** How senders write the time at which they signed. */
export type TimeForm = 's' | 'ms' | 'iso';

/** In ms; null for what is not exactly of that form. */
export function timeOf(text: string, form: TimeForm): number | null {
	if (form === 'iso') {
		const isIso = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$/.test(text);
		const time = isIso ? Date.parse(text) : Number.NaN;
		return Number.isNaN(time) ? null : time;
	}
	// As long as the year 2286 needs, in either unit.
	if (!/^\d{1,14}$/.test(text)) return null;
	return form === 's' ? Number(text) * 1000 : Number(text);
}
