import { openEditor } from '../../scripts/lib/editor';
import { startRedis } from '../../scripts/lib/redis';
import { Canvas } from './harness/canvas';
import { N8nHost } from './harness/n8n-host';

/** The editor, in a real browser. */
let canvas: Canvas;
let redis: Awaited<ReturnType<typeof startRedis>>;
const GUARD = 'Idempotency Guard';
const COMMIT = 'Idempotency Commit';

beforeAll(async () => {
	redis = await startRedis({ password: 'correct horse' });
	const n8n = await (await N8nHost.create()).start();
	const { page } = await openEditor(n8n);
	canvas = new Canvas(page, n8n.url);
});

describe('the node panel', () => {
	beforeAll(async () => {
		await canvas.newWorkflow();
		await canvas.openNodePanel();
	});

	it.each(['idempotency', 'dedupe', 'duplicate', 'lock'])(
		'finds both nodes by "%s"',
		async (word) => {
			await canvas.search(word);
			await canvas.found(GUARD).waitFor();
			await canvas.found(COMMIT).waitFor();
		},
	);

	it.each([
		'avoid duplicates',
		'prevent duplicates',
		'remove duplicates',
		'skip duplicates',
		'duplicate webhook',
		'webhook twice',
		'run only once',
		'exactly once',
		'once',
		'mutex',
		'retry',
		'replay',
		'double charge',
		'payment',
		'stripe',
		'shopify',
	])('finds the Guard among the first by what people type: "%s"', async (words) => {
		await canvas.search(words);
		await canvas.found(GUARD).waitFor();
		expect((await canvas.foundNames()).slice(0, 5)).toContain(GUARD);
	});

	it.each(['http', 'set', 'if', 'email', 'slack'])(
		'is not in the way of who looks for "%s"',
		async (word) => {
			await canvas.search(word);
			// The panel shows what was found before for a moment.
			await canvas.page.waitForTimeout(1_500);
			const first = (await canvas.foundNames()).slice(0, 20);
			expect(first.filter((name) => name.startsWith('Idempoten'))).toEqual([]);
		},
	);
});

describe('a workflow built by hand', () => {
	beforeAll(async () => {
		await canvas.newWorkflow();
		await canvas.openNodePanel();
		await canvas.add(GUARD);
		await canvas.choose('keySource', 'Custom Value');
		await canvas.fill('key', 'order-1');
		await canvas.closeNode();
		await canvas.openNodePanelFrom(GUARD, 0);
		await canvas.add(COMMIT, 'Save the result');
	});

	it('connects New to Commit', async () => {
		expect(await canvas.edge(GUARD, COMMIT).count()).toBe(1);
	});

	it('executes a step, and shows the item on New and on Committed', async () => {
		await canvas.executeStep();
		expect(await canvas.outputs()).toEqual(['Committed Branch (1 item)', 'Overtaken Branch']);
		await canvas.closeNode();
		await canvas.openNode(GUARD);
		expect(await canvas.outputs()).toEqual([
			...['New Branch (1 item)', 'Duplicate Branch', 'Conflict Branch'],
		]);
		await canvas.closeNode();
	});

	it('shows the same request on Duplicate when the workflow is executed again', async () => {
		await canvas.executeWorkflow();
		await canvas.openNode(GUARD);
		expect(await canvas.outputs()).toEqual([
			...['New Branch', 'Duplicate Branch (1 item)', 'Conflict Branch'],
		]);
	});

	it('warns that a fixed text as key makes all requests one', async () => {
		const hint = canvas.page.getByTestId('node-hint').first();
		expect(await hint.innerText()).toContain('all requests count as one');
		await canvas.closeNode();
	});
});

describe('an item that is refused', () => {
	beforeAll(async () => {
		await canvas.newWorkflow();
		await canvas.openNodePanel();
		await canvas.add(GUARD);
		await canvas.addOption('When the Key Is Missing');
		await canvas.choose('onMissingKey', 'Answer Conflict');
	});

	it('is shown on Conflict', async () => {
		await canvas.executeStep();
		expect(await canvas.outputs()).toEqual([
			...['New Branch', 'Duplicate Branch', 'Conflict Branch (1 item)'],
		]);
	});
});

describe('parameters that depend on others', () => {
	const ALWAYS = ['store', 'keySource', 'handledWhen', 'retentionHours', 'mode'];
	const guardShows = async (...others: string[]) => {
		await expectShown([...ALWAYS, ...others]);
	};

	async function expectShown(names: readonly string[]) {
		const shown = async () => (await canvas.shownParameters()).sort();
		// The editor draws a moment later.
		for (let tries = 0; tries < 20; tries += 1) {
			if ((await shown()).join() === [...names].sort().join()) break;
			await canvas.page.waitForTimeout(100);
		}
		expect(await shown()).toEqual([...names].sort());
	}

	it('shows in Guard what the choices need', async () => {
		await canvas.newWorkflow();
		await canvas.openNodePanel();
		await canvas.add(GUARD);
		await guardShows('sender', 'deliveryIdentity');
		await canvas.choose('keySource', 'Custom Value');
		await guardShows('key', 'normalizeKey');
		await canvas.choose('keySource', 'Selected Fields');
		await guardShows('keyFields', 'normalizeKey');
		await canvas.choose('keySource', 'Whole Payload');
		await guardShows();
	});

	it('shows in Commit what the choices need', async () => {
		await canvas.newWorkflow();
		await canvas.openNodePanel();
		await canvas.add(COMMIT, 'Save the result');
		await expectShown(['store', 'operation', 'outcome', 'result']);
		await canvas.choose('result', 'Selected Fields');
		await expectShown(['store', 'operation', 'outcome', 'result', 'resultFields']);
		await canvas.choose('operation', 'Save as Failed');
		await expectShown(['store', 'operation', 'result', 'resultFields']);
		await canvas.choose('operation', 'Release Claim');
		await expectShown(['store', 'operation']);
	});

	const DEPENDING = [
		'Fields to Compare',
		'Fields to Leave Out',
		'Limit: Max Attempts',
		'Redis: Min Replicas',
		'Scope: Namespace',
		'Wait at Most (Seconds)',
	];

	it('offers those options in Guard that the choices need', async () => {
		const depending = async () => {
			const offered = await canvas.offeredOptions();
			return DEPENDING.filter((each) => offered.includes(each));
		};
		await canvas.newWorkflow();
		await canvas.openNodePanel();
		await canvas.add(GUARD);
		expect(await canvas.offeredOptions()).toContain('Time: Claim Timeout (Minutes)');
		expect(await depending()).toEqual([]);
		await canvas.choose('store', 'Redis');
		expect(await depending()).toEqual(['Redis: Min Replicas']);
		await canvas.addOption('Limit: Attempts');
		await canvas.toggle('limitAttempts');
		expect(await depending()).toEqual(['Limit: Max Attempts', 'Redis: Min Replicas']);
		await canvas.addOption('Scope');
		await canvas.choose('scope', 'Custom');
		await canvas.addOption('If Still Running');
		await canvas.choose('onInProgress', 'Wait for the Result');
		await canvas.addOption('Compare');
		await canvas.choose('compare', 'All Fields Except');
		expect(await depending()).toEqual([
			'Fields to Leave Out',
			'Limit: Max Attempts',
			'Redis: Min Replicas',
			'Scope: Namespace',
			'Wait at Most (Seconds)',
		]);
	});

	it('shows in Idempotent Webhook what the door needs besides', async () => {
		await canvas.newWorkflow();
		await canvas.openNodePanel();
		await canvas.add('Idempotent Webhook');
		const ofDoor = ['httpMethod', 'path', 'authentication', 'responseMode'];
		await guardShows(...ofDoor, 'verifySignature', 'sender', 'deliveryIdentity');
	});

	it('shows in Records what an operation needs', async () => {
		const always = ['store', 'operation', 'workflows'];
		await canvas.newWorkflow();
		await canvas.openNodePanel();
		await canvas.add('Idempotency Records', 'Get what is remembered of a request');
		await expectShown([...always, 'findBy', 'hash']);
		await canvas.choose('findBy', 'Execution');
		await expectShown([...always, 'findBy', 'executionId', 'workflowId']);
		await canvas.choose('findBy', 'Key');
		const guard = ['guardScope', 'guardWorkflowId', 'guardNode', 'keySource'];
		await expectShown([...always, 'findBy', ...guard, 'sender', 'deliveryIdentity']);
		await canvas.choose('findBy', 'Hash');
		await canvas.choose('operation', 'Resolve');
		const resolve = [...always, 'findBy', 'hash', 'resolveTo'];
		await expectShown([...resolve, 'resolveResult']);
		await canvas.choose('resolveResult', 'Using JSON');
		await expectShown([...resolve, 'resolveResult', 'resolveJson']);
		await canvas.choose('resolveTo', 'It Did Not Act');
		await expectShown(resolve);
		await canvas.choose('operation', 'List');
		await expectShown([...always, 'returnAll', 'pageSize']);
		await canvas.toggle('returnAll');
		await expectShown([...always, 'returnAll']);
		await canvas.choose('operation', 'Stats');
		await expectShown([...always, 'statsOutput', 'days']);
	});
});

describe('the credential', () => {
	const dialog = () => canvas.page.getByTestId('editCredential-modal');
	const shown = async () => await canvas.shownParameters('credential-edit-dialog');

	beforeAll(async () => {
		await canvas.newWorkflow();
		await canvas.openNodePanel();
		await canvas.add(GUARD);
		await canvas.choose('store', 'Redis');
		await canvas.page.getByTestId('node-credentials-empty-state').getByRole('button').click();
		await dialog().waitFor();
	});

	it('shows what a deployment needs', async () => {
		expect(await shown()).toEqual(expect.arrayContaining(['host', 'port', 'database']));
		await canvas.choose('deployment', 'Cluster');
		await canvas.parameter('nodes').waitFor();
		expect(await shown()).not.toEqual(expect.arrayContaining(['host']));
		expect(await shown()).not.toEqual(expect.arrayContaining(['database']));
		await canvas.choose('deployment', 'Sentinel');
		await canvas.parameter('sentinelName').waitFor();
		await canvas.choose('deployment', 'Standalone');
		await canvas.parameter('host').waitFor();
		expect(await shown()).not.toEqual(expect.arrayContaining(['sentinelName']));
	});

	it('shows what TLS needs', async () => {
		const ofTls = ['ca', 'cert', 'privateKey', 'servername'];
		const shownOfTls = async () => (await shown()).filter((each) => ofTls.includes(each));
		expect(await shownOfTls()).toEqual([]);
		await canvas.toggle('tls');
		await canvas.parameter('servername').waitFor();
		expect(await shownOfTls()).toEqual(ofTls);
		await canvas.toggle('tls');
		await canvas.parameter('servername').waitFor({ state: 'hidden' });
	});

	it('says what is wrong with a password, and takes the right one', async () => {
		await canvas.fill('host', '127.0.0.1');
		await canvas.fill('port', String(redis.port));
		await canvas.fill('password', 'wrong');
		await dialog().getByTestId('credential-save-button').click();
		await dialog().getByText('More details').click();
		await dialog().getByText('Check user and password').first().waitFor();
		await canvas.fill('password', 'correct horse');
		await dialog().getByTestId('credential-save-button').click();
		// n8n closes it when the test succeeds.
		await dialog().waitFor({ state: 'hidden' });
		await canvas.choose('keySource', 'Custom Value');
		await canvas.fill('key', 'order-1');
		await canvas.executeStep();
		expect(await canvas.outputs()).toEqual([
			...['New Branch (1 item)', 'Duplicate Branch', 'Conflict Branch'],
		]);
	});
});
