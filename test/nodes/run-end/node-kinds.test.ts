import type { IDataObject, INode } from 'n8n-workflow';
import { kindOf } from '../../../nodes/run-end/node-kinds';
import { NODES_WITHOUT_EFFECTS } from '../../../nodes/run-end/nodes-without-effects';
import { node } from '../../support/engine';

const kind = (type: string, parameters: INode['parameters'] = {}, settings: Partial<INode> = {}) =>
	kindOf('Node', {
		...node('Node', `n8n-nodes-base.${type}`, parameters),
		typeVersion: 4.2,
		...settings,
	});

describe('what acts', () => {
	it.each<[string, INode['parameters']]>([
		['httpRequest', { method: 'POST' }],
		['httpRequest', { method: 'DELETE' }],
		['httpRequest', { method: '={{ "GET" }}' }],
		['code', { jsCode: 'await this.helpers.httpRequest({})' }],
		['code', { jsCode: 'require("fs")' }],
		['code', { jsCode: '[].constructor.constructor("x")()' }],
		['code', { jsCode: 'return items', language: 'python' }],
		['code', {}],
		['function', {}],
		['aiTransform', {}],
		['removeDuplicates', {}],
		['executeWorkflow', {}],
		['dataTable', { resource: 'row', operation: 'insert' }],
		['postgres', { resource: 'database', operation: 'executeQuery' }],
		['postgres', { resource: 'database', operation: '={{ "select" }}' }],
		['googleSheets', { resource: 'sheet', operation: 'append' }],
		['emailSend', {}],
		['executeCommand', {}],
		['readWriteFile', {}],
	])('%s %j may', (type, parameters) => {
		expect(kind(type, parameters).acts).toBe(true);
	});

	it.each<[string, INode['parameters']]>([
		['set', {}],
		['if', {}],
		['merge', {}],
		['splitInBatches', {}],
		['respondToWebhook', {}],
		['wait', {}],
		['stripeTrigger', {}],
		['httpRequest', {}],
		['httpRequest', { method: 'HEAD' }],
		['code', { jsCode: 'return $input.all().map(({ json }) => ({ json }))' }],
		['postgres', { resource: 'database', operation: 'select' }],
		['googleSheets', { resource: 'sheet', operation: 'read' }],
		['stripe', { resource: 'charge', operation: 'get' }],
	])('%s %j does not', (type, parameters) => {
		expect(kind(type, parameters).acts).toBe(false);
	});

	it('a disabled node does not, and one that is gone may', () => {
		expect(kind('httpRequest', { method: 'POST' }, { disabled: true }).acts).toBe(false);
		expect(kindOf('Gone', undefined).acts).toBe(true);
	});

	it('a node of the same name in another package may', () => {
		expect(kindOf('Node', node('Node', 'x-n8n-nodes-base.set')).acts).toBe(true);
		expect([...NODES_WITHOUT_EFFECTS].every((type) => type.startsWith('n8n-nodes-base.'))).toBe(
			true,
		);
	});
});

describe('whose error speaks for the whole item', () => {
	it.each<[string, INode['parameters']]>([
		['httpRequest', { method: 'POST' }],
		['stripe', { resource: 'charge', operation: 'create' }],
		['twilio', { resource: 'sms', operation: 'send' }],
		['graphql', {}],
	])('%s %j', (type, parameters) => {
		expect(kind(type, parameters).speaksForItem).toBe(true);
	});

	it.each<[string, INode['parameters']]>([
		[
			'httpRequest',
			{
				options: {
					pagination: { pagination: { paginationMode: 'responseContainsNextURL' } },
				} as never,
			},
		],
		['stripe', { resource: 'source', operation: 'create' }],
		['googleSheets', { resource: 'sheet', operation: 'append' }],
		['executeWorkflow', {}],
		['emailSend', {}],
	])('not %s %j', (type, parameters) => {
		expect(kind(type, parameters).speaksForItem).toBe(false);
	});
});

describe('whose answers are linked by a guess', () => {
	it.each<[INode['parameters'], boolean]>([
		[{}, true],
		[{ mode: 'once' }, true],
		[{ mode: 'each' }, false],
		// It gives back what it was given.
		[{ options: { waitForSubWorkflow: false } }, false],
	])('executeWorkflow %j: %s', (parameters, guesses) => {
		expect(kind('executeWorkflow', parameters).guessesLinks).toBe(guesses);
	});
});

describe('which hide under Continue that they failed', () => {
	const goingOn = (type: string, typeVersion: number, onError: INode['onError']) =>
		kindOf('Node', { ...node('Node', `n8n-nodes-base.${type}`), typeVersion, onError });

	it.each(['microsoftSql', 'crateDb', 'questDb', 'timescaleDb', 'postgres'])('%s', (type) => {
		expect(goingOn(type, 1, 'continueRegularOutput').statusHidden).toBe(true);
		expect(goingOn(type, 1, 'continueErrorOutput').statusHidden).toBe(true);
		expect(goingOn(type, 1, 'stopWorkflow').statusHidden).toBe(false);
	});

	it('not Postgres since its version 2', () => {
		expect(goingOn('postgres', 2.6, 'continueRegularOutput').statusHidden).toBe(false);
	});
});

describe('which make an item of any answer', () => {
	it.each<[string, INode['parameters'], IDataObject, boolean | undefined]>([
		['graphql', {}, { data: { charge: 1 } }, true],
		['graphql', {}, { message: 'later' }, false],
		['ssh', {}, { code: 0, signal: null, stdout: 'done', stderr: '' }, true],
		['ssh', {}, { code: 1, signal: null, stdout: '', stderr: 'no such order' }, false],
		['ssh', {}, { code: null, signal: 'KILL', stdout: '', stderr: '' }, false],
		['ssh', { resource: 'file' }, { success: true }, undefined],
		['vonage', {}, { status: '0', 'message-id': '1' }, true],
		['vonage', {}, { status: '9', 'error-text': 'Partner quota exceeded' }, false],
		['slack', {}, {}, undefined],
	])('%s %j: %j shows success: %s', (type, parameters, json, shows) => {
		expect(kind(type, parameters).showsSuccess?.(json)).toBe(shows);
	});
});
