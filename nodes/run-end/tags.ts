/** Which claims an item stands for. Made by `Tags` alone: the same content is the same object. */
export interface Tag {
	/** Linked to the item. Claims by their number, ascending. */
	readonly yes: readonly number[];
	/** The links don't tell whether it is of these. */
	readonly maybe: readonly number[];
	/** It was handed to a Commit for these before, on the way that it came. */
	readonly past: readonly number[];
	/** It was made, with others, of an item that a Guard let through without a claim: of somebody else's request. */
	readonly mixed: boolean;
}

export const NO_CLAIM: Tag = { yes: [], maybe: [], past: [], mixed: false };

/** Whether the item can be of any open claim. */
export function hasClaims({ yes, maybe }: Tag): boolean {
	return yes.length > 0 || maybe.length > 0;
}

/**
 * The tags of a run. They are shared, so that what many items have in common is looked at once: a run of 10,000 requests has some ten
 * thousand tags of one claim, and one of all.
 */
export class Tags {
	private readonly known = new Map<string, Tag>();

	private readonly maybes = new Map<Tag, Tag>();

	constructor() {
		this.known.set(keyOf(NO_CLAIM), NO_CLAIM);
	}

	of({ yes, maybe, past, mixed }: Tag): Tag {
		const tag = { yes: sorted(yes), maybe: sorted(without(maybe, yes)), past: sorted(past), mixed };
		const key = keyOf(tag);
		const known = this.known.get(key);
		if (known !== undefined) return known;
		this.known.set(key, tag);
		return tag;
	}

	/** An item made of several. */
	union(tags: Iterable<Tag>): Tag {
		const distinct = tags instanceof Set ? (tags as ReadonlySet<Tag>) : new Set(tags);
		if (distinct.size <= 1) return [...distinct][0] ?? NO_CLAIM;
		const all = [...distinct];
		return this.of({
			yes: all.flatMap(({ yes }) => yes),
			maybe: all.flatMap(({ maybe }) => maybe),
			past: all.flatMap(({ past }) => past),
			mixed: all.some(({ mixed }) => mixed),
		});
	}

	/** An item that may be of any of these: nobody knows of which. */
	doubtful(tag: Tag): Tag {
		let maybe = this.maybes.get(tag);
		if (maybe === undefined) {
			maybe = this.of({ yes: [], maybe: [...tag.yes, ...tag.maybe], past: tag.past, mixed: true });
			this.maybes.set(tag, maybe);
		}
		return maybe;
	}
}

function sorted(claims: readonly number[]): readonly number[] {
	return claims.length <= 1 ? claims : [...new Set(claims)].sort((a, b) => a - b);
}

function without(claims: readonly number[], others: readonly number[]): readonly number[] {
	if (claims.length === 0 || others.length === 0) return claims;
	const left = new Set(others);
	return claims.filter((claim) => !left.has(claim));
}

function keyOf({ yes, maybe, past, mixed }: Tag): string {
	return `${yes.join()};${maybe.join()};${past.join()};${mixed}`;
}

/** Values kept by tag, to be found by claim. */
export class ByClaim<T> {
	private readonly values = new Map<Tag, T[]>();

	private readonly tags = new Map<number, Set<Tag>>();

	constructor(private readonly claimsOf: (tag: Tag) => ReadonlyArray<readonly number[]>) {}

	add(tag: Tag, value: T): void {
		const known = this.values.get(tag);
		if (known !== undefined) {
			known.push(value);
			return;
		}
		this.values.set(tag, [value]);
		for (const claims of this.claimsOf(tag)) {
			for (const claim of claims) {
				const tags = this.tags.get(claim);
				if (tags === undefined) this.tags.set(claim, new Set([tag]));
				else tags.add(tag);
			}
		}
	}

	/** The tags under which something is kept for the claim. */
	tagsOf(claim: number): Iterable<Tag> {
		return this.tags.get(claim) ?? [];
	}

	of(tag: Tag): readonly T[] {
		return this.values.get(tag) ?? [];
	}
}
