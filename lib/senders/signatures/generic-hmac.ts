import type { HmacAlgorithm, HmacTerms } from './hmac';
import { hmacScheme } from './hmac';
import type { SignatureScheme } from './scheme';
import { hasPlace, parseTemplate } from './template';

/** What a user says about a sender that the table does not have. */
export interface GenericTerms {
	readonly header: string;
	readonly algorithm: HmacAlgorithm;
	readonly encoding: HmacTerms['encoding'];
	readonly prefix: string;
	/** Empty: the header has one signature. */
	readonly separator: string;
	readonly signed: string;
	/** Empty where there is none, or where it stands in the signature's header. */
	readonly timestampHeader: string;
	/** Empty where there is none in the signature's header. */
	readonly timestampPrefix: string;
	readonly timestampForm: 's' | 'ms' | 'iso';
	/** Empty where no ID is signed. */
	readonly idHeader: string;
	readonly secretForm: HmacTerms['secret'];
}

/** The scheme, or what is wrong with the terms: a sentence without a full stop. */
export function genericScheme(terms: GenericTerms): SignatureScheme | string {
	const template = parseTemplate(terms.signed);
	if ('unknown' in template) {
		return `There is nothing for ${template.unknown}; use {body}, {timestamp}, {id}, {url} or {method}`;
	}
	if (!isHeaderName(terms.header)) return 'The name of the header with the signature is needed';
	if (!hasPlace(template, 'body')) {
		return 'What is signed has no {body}: anyone could send another body with a signature once seen';
	}
	const hasTime = terms.timestampHeader !== '' || terms.timestampPrefix !== '';
	if (hasPlace(template, 'timestamp') !== hasTime) {
		return hasTime
			? 'A time that is not signed says nothing: put {timestamp} into what is signed, or leave its header and prefix empty'
			: 'What is signed has {timestamp}: say which header or prefix it has';
	}
	if (hasPlace(template, 'id') !== (terms.idHeader !== '')) {
		return 'What is signed and the header of the ID go together: {id} is that header';
	}
	if (/\{id\}\{(?:body|url)\}/.test(terms.signed)) {
		return 'An ID right before {body} or {url} could take a piece of it: a sender sets them apart';
	}
	if (terms.timestampPrefix !== '' && terms.separator === '') {
		return 'A time in the same header needs to be set apart from the signature: say by what';
	}
	return hmacScheme(hmacTermsOf(terms), {
		where: `the header ${terms.header}`,
		secretIs: 'the secret that both sides know',
		leavesOpen: null,
		source: '',
		seen: 'secondary',
	});
}

function hmacTermsOf(terms: GenericTerms): HmacTerms {
	const { algorithm, encoding, prefix, signed, timestampForm: form } = terms;
	return {
		headers: [terms.header.toLowerCase()],
		algorithm,
		encoding,
		prefix,
		separator: terms.separator === '' ? null : terms.separator,
		signed,
		timestamp:
			terms.timestampHeader !== ''
				? { header: terms.timestampHeader.toLowerCase(), form }
				: terms.timestampPrefix !== ''
					? { prefix: terms.timestampPrefix, form }
					: null,
		...(terms.idHeader === '' ? {} : { id: terms.idHeader.toLowerCase() }),
		secret: terms.secretForm,
	};
}

const isHeaderName = (name: string) => /^[\w!#$%&'*+.^`|~-]+$/.test(name);
