import { StoreError } from '../../lib/core/reply';

/** The words with which an address in a credential is refused. */
export function refusalOf(read: () => unknown): string {
	try {
		read();
	} catch (error) {
		expect(error).toBeInstanceOf(StoreError);
		expect((error as StoreError).problem).toBe('configuration');
		return (error as StoreError).message;
	}
	throw new Error('expected a refusal');
}
