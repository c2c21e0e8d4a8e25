import { DEFAULT_RESPONSE_RULES, responseOutcome } from '../../../lib/results/response-outcome';
import type { ResponseRules } from '../../../lib/results/response-outcome';

/** What the tests of responses share: an answer and an error, as n8n's HTTP Request gives them, and what they say. */

export const now = Date.parse('2030-01-01T00:00:00Z');
export const rules: ResponseRules = { ...DEFAULT_RESPONSE_RULES, now };

export const full = (statusCode: number, headers: object = {}, more: Partial<ResponseRules> = {}) =>
	responseOutcome(
		{ json: { statusCode, headers, body: {} }, fromErrorOutput: false },
		{ ...rules, ...more },
	);

export const failing = (error: unknown, more: Partial<ResponseRules> = {}) =>
	responseOutcome({ json: { error }, fromErrorOutput: true }, { ...rules, ...more });
