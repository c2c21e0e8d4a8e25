/** A JSON object as an item holds it. */
export interface JsonObject {
	[name: string]: string | number | boolean | object | null | undefined;
}

/** One request as the engine sees it. */
export interface GuardItem {
	readonly json: JsonObject;
	/** Its files by name. Their content is read by `ClaimHost.fileOf`. */
	readonly binary?: Readonly<Record<string, unknown>>;
	/** Where `json.body` is, unchanged, what these bytes were parsed to. */
	readonly bodySource?: BodySource;
}

/** What a body was parsed from: two that are the same were parsed to the same. */
export interface BodySource {
	readonly bytes: Uint8Array;
	/** All but the bytes that decides how they are read, such as the header that names a charset. */
	readonly readAs: string;
}
