/** A JSON object as an item holds it. */
export interface JsonObject {
	[name: string]: string | number | boolean | object | null | undefined;
}

/** One request as the engine sees it. */
export interface GuardItem {
	readonly json: JsonObject;
	/** Its files by name. Their content is read by `ClaimHost.fileOf`. */
	readonly binary?: Readonly<Record<string, unknown>>;
}
