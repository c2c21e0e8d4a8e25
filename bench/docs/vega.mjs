/** Vega and Vega-Lite: ES modules that wait while they load, so that `require`, which our TypeScript becomes, can't have them. */
export async function loadVega() {
	const [vega, vegaLite] = await Promise.all([import('vega'), import('vega-lite')]);
	return { vega, vegaLite };
}
