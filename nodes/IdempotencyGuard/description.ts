import type { INodeProperties } from 'n8n-workflow';

import { keyProperties } from '../shared/properties/key';
import { optionsProperty } from '../shared/properties/options';
import { runProperties } from '../shared/properties/run';
import { STORE_PROPERTY } from '../shared/store-parameter';

export const guardProperties: INodeProperties[] = [
	STORE_PROPERTY,
	...keyProperties,
	...runProperties,
	optionsProperty,
];
