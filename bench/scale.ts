/** How much a run does: `short` for the checks, where it has few minutes, `full` for figures to publish. */
export class Scale {
	constructor(readonly isShort: boolean) {}

	of<T>({ full, short }: { readonly full: T; readonly short: T }): T {
		return this.isShort ? short : full;
	}
}
