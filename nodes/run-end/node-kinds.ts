import type { INode } from 'n8n-workflow';

import { isOurs } from '../shared/node-types';
import { asksOthers, isReadOnly } from './read-operations';
import { NODES_WITHOUT_EFFECTS, TRIGGERS } from './nodes-without-effects';
import { speaksForItem } from './one-call-nodes';
import type { ShowsSuccess } from './shown-success';
import { shownSuccessOf } from './shown-success';

/** What a run of a node may be taken for. */
export interface NodeKind {
	readonly name: string;
	/** It may touch something outside of the run. */
	readonly acts: boolean;
	/** It touches nothing, but what it reads is somebody else's, who may not answer. */
	readonly asks: boolean;
	/** It makes one call for each item: what it says of an item, or of a lone one, is all that happened for it. */
	readonly speaksForItem: boolean;
	/** Each item gets an answer of its own: no item says that the answer was empty. */
	readonly answersEachItem: boolean;
	/** It links what it puts out: the one item that it makes of several is not linked to the first by n8n alone. */
	readonly linksItems: boolean;
	/** Which of its answers is whose is guessed: it calls a sub-workflow once for all items. */
	readonly guessesLinks: boolean;
	/** An answer of it without an error is no success: it hides the status, or its errors. */
	readonly statusHidden: boolean;
	/** It makes an item of any answer: whether that went well. Undefined where an item without an error did. */
	readonly showsSuccess: ShowsSuccess | undefined;
	/** A status in its items is that of the answer. Else it stands in the body, and is whatever the service says. */
	readonly givesStatus: boolean;
	/** It may put out an error as an item. Else what looks like one stands in the body. */
	readonly givesErrors: boolean;
	/** The URL that it asks, where it is the same for all items. */
	readonly ownUrl: string | undefined;
	readonly retriesOnFail: boolean;
	/** It takes the first item only, whatever it is given. */
	readonly executesOnce: boolean;
	readonly hasErrorOutput: boolean;
}

/** @param node undefined for a node that is no longer in the workflow, as when it was renamed before the run was retried */
export function kindOf(name: string, node: INode | undefined): NodeKind {
	if (node === undefined) return { ...UNKNOWN_NODE, name };
	if (node.disabled) return { ...UNKNOWN_NODE, name, acts: false, linksItems: true };
	const isHttp = node.type === 'n8n-nodes-base.httpRequest';
	const passive = isOurs(node) || NODES_WITHOUT_EFFECTS.has(node.type) || TRIGGERS.test(node.type);
	const speaks = speaksForItem(node);
	return {
		name,
		acts: !passive && !isReadOnly(node),
		asks: asksOthers(node),
		speaksForItem: speaks,
		answersEachItem: isHttp && speaks,
		linksItems: passive || isHttp,
		guessesLinks: callsOnce(node),
		statusHidden: isHttp ? hidesStatus(node) : hidesErrors(node),
		showsSuccess: shownSuccessOf(node),
		givesStatus: isHttp && isSet(httpOptions(node).fullResponse),
		givesErrors: goesOnAfterErrors(node),
		ownUrl: isHttp ? fixedUrl(node) : undefined,
		retriesOnFail: node.retryOnFail === true,
		executesOnce: node.executeOnce === true,
		hasErrorOutput: node.onError === 'continueErrorOutput',
	};
}

const UNKNOWN_NODE: Omit<NodeKind, 'name'> = {
	acts: true,
	asks: false,
	speaksForItem: false,
	answersEachItem: false,
	linksItems: false,
	guessesLinks: false,
	statusHidden: false,
	showsSuccess: undefined,
	givesStatus: false,
	givesErrors: false,
	ownUrl: undefined,
	retriesOnFail: false,
	executesOnce: false,
	hasErrorOutput: false,
};

/**
 * n8n finds out which answer of a sub-workflow is whose by the kept data of its run, and only where that has no branches; else it takes
 * the places of items in the sub-workflow for places in this one.
 */
export function callsOnce({ type, parameters }: INode): boolean {
	const options = parameters.options as { waitForSubWorkflow?: unknown } | undefined;
	const givesItsInput = options?.waitForSubWorkflow === false;
	return type === 'n8n-nodes-base.executeWorkflow' && parameters.mode !== 'each' && !givesItsInput;
}

/**
 * Nodes that under "Continue" pass on an item with no `error` for one that failed. Read in the code of n8n-nodes-base 2.41: Microsoft SQL
 * gives its input, or nothing; the others put `code` and `message` beside the input.
 */
const HIDE_ERRORS = new Set(
	['beeminder', 'crateDb', 'gSuiteAdmin', 'microsoftSql', 'postgres', 'questDb', 'timescaleDb'].map(
		(name) => `n8n-nodes-base.${name}`,
	),
);

function hidesErrors(node: INode): boolean {
	const isRewritten = node.type === 'n8n-nodes-base.postgres' && node.typeVersion >= 2;
	return goesOnAfterErrors(node) && HIDE_ERRORS.has(node.type) && !isRewritten;
}

const goesOnAfterErrors = ({ onError, continueOnFail }: INode): boolean =>
	continueOnFail === true || (onError ?? 'stopWorkflow') !== 'stopWorkflow';

/** "Never Error" without "Include Response Headers and Status". */
function hidesStatus(node: INode): boolean {
	const { neverError, fullResponse } = httpOptions(node);
	return isSet(neverError) && fullResponse !== true;
}

/** Of HTTP Request: "Never Error", and "Include Response Headers and Status". */
function httpOptions({ parameters, typeVersion }: INode) {
	const options = parameters.options as
		| {
				response?: { response?: { neverError?: unknown; fullResponse?: unknown } };
				ignoreResponseCode?: unknown;
				fullResponse?: unknown;
		  }
		| undefined;
	return typeVersion < 3
		? { neverError: options?.ignoreResponseCode, fullResponse: options?.fullResponse }
		: { ...options?.response?.response };
}

/** An expression may be anything. */
const isSet = (value: unknown): boolean => value !== undefined && value !== false;

function fixedUrl({ parameters }: INode): string | undefined {
	const { url } = parameters;
	return typeof url === 'string' && !url.startsWith('=') && URL.canParse(url) ? url : undefined;
}
