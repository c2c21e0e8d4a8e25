/** What sealed bytes of a record are for. They are unsealed only for that: whoever can write to the store can't make one into another. */

/** The request that the door keeps until its run starts. */
export const REQUEST_PURPOSE = 'request';

/** What duplicates of a finished request get. Another state or status code of the record is noticed. */
export function resultPurpose(state: string, statusCode: number): string {
	return `result ${state} ${statusCode}`;
}
