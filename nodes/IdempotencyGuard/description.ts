import type { INodeProperties } from 'n8n-workflow';

import { keySourceProperties } from '../shared/properties/key';
import { guardOptions, optionsOf } from '../shared/properties/options';
import { handledProperties, MODE_PROPERTY } from '../shared/properties/run';
import { guardSignatureOptions } from '../shared/properties/signature';
import { STORE_PROPERTY } from '../shared/store-parameter';

const splitEvents: INodeProperties = {
	displayName: 'Split Events',
	name: 'splitEvents',
	type: 'boolean',
	noDataExpression: true,
	default: true,
	description:
		'Whether to make an item of each event, where a sender puts several into one request. Each then has a key of its own.',
	displayOptions: { show: { '/keySource': ['delivery'] } },
};

export const guardProperties: INodeProperties[] = [
	{
		displayName:
			'Connect <b>New</b> to the node that must not run twice. Add <b>Idempotency Commit</b> behind that node if duplicates shall get its answer.',
		name: 'notice',
		type: 'notice',
		default: '',
	},
	...keySourceProperties,
	...handledProperties,
	MODE_PROPERTY,
	STORE_PROPERTY,
	optionsOf([...guardOptions, ...guardSignatureOptions, splitEvents]),
];
