import { durationProblem } from '../core/durations';
import type { ContentTerms } from '../core/record';
import { identityOf, isMissingKey } from '../keys/identity';
import { isVolatileName } from '../keys/key-doubts';
import { normalizedKey } from '../keys/normalize-key';
import { alikeIn, senderOfDelivery } from '../senders/alike';
import { invalidSetting } from './claim-settings';
import type { Compared } from './compared';
import type { ItemKey } from './item-key';
import type { JsonObject } from './item';
import type { Naming } from './naming';
import type { Payload } from './payload';
import type { Scope } from './scope';
import type { Tenant } from './tenant';
import type { ItemTerms } from './terms';

/** What a request says, whatever key it comes under: how the same under another key is recognized. */
export interface Content {
	readonly terms: ContentTerms;
	/** The request is refused. Else it goes on, and it is told. */
	readonly refuses: boolean;
}

/** Null where the option is off, or the request says nothing by which it could be known again. */
export async function contentOf(
	{ sameContent, key: keyTerms, compare, retentionMs }: ItemTerms,
	json: JsonObject,
	key: ItemKey,
	compared: Compared | null,
	payload: () => Promise<Payload>,
	place: { readonly naming: Naming; readonly scope: Scope; readonly tenant: Tenant | null },
): Promise<Content | null> {
	if (sameContent === null || keyTerms.source === 'payload') return null;
	const problem = durationProblem('"Same Content: Within (Minutes)"', sameContent.windowMs);
	if (problem !== null) throw invalidSetting(problem);
	if (sameContent.windowMs > retentionMs) {
		throw invalidSetting(
			'"Same Content: Within (Minutes)" is longer than "Remember For (Hours)": what came of the first request would be forgotten before that. Choose a shorter time, or remember for longer',
		);
	}
	const isChosen = compare.by === 'fields' || compare.by === 'except';
	const said = isChosen ? (compared?.value ?? null) : await saidBy(json, keyTerms, key, payload);
	const value = withoutChanging(said);
	if (isMissingKey(value)) return null;
	const { naming, scope, tenant } = place;
	const identity = identityOf({
		scope: scope.parts,
		tenant: tenant?.value ?? null,
		keyParts: ['content', value],
		secret: naming.secret,
		version: naming.version,
	});
	const { windowMs, refuses } = sameContent;
	return { terms: { identity, windowMs: Math.ceil(windowMs) }, refuses };
}

async function saidBy(
	json: JsonObject,
	keyTerms: ItemTerms['key'],
	{ parts }: ItemKey,
	payload: () => Promise<Payload>,
): Promise<unknown> {
	const { value } = await payload();
	if (keyTerms.source !== 'delivery') return value;
	return alikeIn(json, value, senderOfDelivery(parts));
}

/** What an agent that calls a tool again, or whoever sends, makes anew each time. */
const MADE_ANEW = /^(tool_?call_?id|idempotency_?key|delivery_?(id|uuid)|webhook_?id)$/i;

const MOST_LEVELS = 200;

/**
 * The value without fields that look as if each delivery changed them, and with its texts as one would say them: `" O-17"` is `"o-17"`, and
 * `"100.00"` is `100`.
 */
function withoutChanging(value: unknown, levels = MOST_LEVELS): unknown {
	if (typeof value === 'number') return numberText(String(value));
	if (typeof value === 'string') return numberText(String(normalizedKey(value, LOOSELY)));
	if (typeof value !== 'object' || value === null || levels === 0) return value;
	if (Array.isArray(value)) return value.map((each) => withoutChanging(each, levels - 1));
	return Object.fromEntries(
		Object.entries(value).flatMap(([name, each]) =>
			isVolatileName(name) || MADE_ANEW.test(name)
				? []
				: [[name, withoutChanging(each, levels - 1)]],
		),
	);
}

const LOOSELY = { trim: true, lowerCase: true, unicode: true };

/** Without leading zeros: a number with them is a name, such as that of a place. */
const NUMBER = /^-?(?=[\d.]{1,16}$)(?:0|[1-9]\d{0,14})(?:\.\d{1,15})?$/;

const numberText = (text: string): string => (NUMBER.test(text) ? String(Number(text)) : text);
