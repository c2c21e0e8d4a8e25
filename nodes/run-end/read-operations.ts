import type { INode } from 'n8n-workflow';

/** Whether the node as it is set only reads: doing it again harms nobody. */
export function isReadOnly(node: INode): boolean {
	const { type, parameters } = node;
	switch (type) {
		case 'n8n-nodes-base.httpRequest':
			return onlyAsks(node);
		case 'n8n-nodes-base.code':
			return hasNoWayOut(node);
		case 'n8n-nodes-base.wait':
			// On a webhook or form it waits for somebody who is told nothing; by itself it asks nobody.
			return true;
		default: {
			const operation = String(parameters.operation ?? '');
			const resource = String(parameters.resource ?? '');
			return (
				READ_OPERATIONS[type]?.some(
					(read) => read === operation || read === `${resource}.${operation}`,
				) === true
			);
		}
	}
}

/** Whether the node reads what somebody else holds, who may not answer. */
export function asksOthers(node: INode): boolean {
	const isByItself = node.type === 'n8n-nodes-base.code' || node.type === 'n8n-nodes-base.wait';
	return !isByItself && isReadOnly(node);
}

/** Methods that change nothing (RFC 9110, 9.2.1). An expression may give any. */
function onlyAsks({ parameters, typeVersion }: INode): boolean {
	const method =
		typeVersion < 3 ? (parameters.requestMethod ?? 'GET') : (parameters.method ?? 'GET');
	return ['GET', 'HEAD', 'OPTIONS'].includes(String(method));
}

/** Words by which code reaches out of itself. A word in a comment counts too: doubt goes the safe way. */
const WAYS_OUT =
	/helpers|require|import|fetch|process|global|eval|Function|constructor|prototype|__proto__|Reflect|XMLHttpRequest|WebSocket|getWorkflowStaticData|this\s*\[|\\[ux]/;

function hasNoWayOut({ parameters }: INode): boolean {
	const { language = 'javaScript', jsCode } = parameters;
	return (
		language === 'javaScript' &&
		typeof jsCode === 'string' &&
		jsCode !== '' &&
		!WAYS_OUT.test(jsCode)
	);
}

/** Operations that read, by node: `operation`, or `resource.operation`. Read in the code of n8n-nodes-base 2.41. */
const READ_OPERATIONS: Readonly<Record<string, readonly string[]>> = Object.fromEntries(
	Object.entries({
		airtable: ['record.get', 'record.search', 'base.getMany', 'base.getSchema'],
		awsS3: ['bucket.getAll', 'bucket.search', 'file.download', 'file.getAll', 'folder.getAll'],
		dataTable: ['row.get', 'row.rowExists', 'row.rowNotExists', 'table.list'],
		ftp: ['list', 'download'],
		github: [
			'file.get',
			'file.list',
			'issue.get',
			'repository.get',
			'repository.getIssues',
			'release.get',
			'release.getAll',
			'user.getRepositories',
		],
		gmail: [
			'message.get',
			'message.getAll',
			'label.getAll',
			'draft.get',
			'draft.getAll',
			'thread.get',
			'thread.getAll',
		],
		googleCalendar: ['event.get', 'event.getAll', 'calendar.availability'],
		googleDrive: ['file.download', 'fileFolder.search', 'drive.get', 'drive.list'],
		googleSheets: ['sheet.read', 'read', 'lookup'],
		hackerNews: ['article.get', 'user.get', 'all.getAll'],
		hubspot: [
			'contact.get',
			'contact.getAll',
			'contact.search',
			'company.get',
			'company.getAll',
			'company.searchByDomain',
			'deal.get',
			'deal.getAll',
			'deal.search',
			'ticket.get',
			'ticket.getAll',
		],
		jira: ['issue.get', 'issue.getAll', 'issueComment.get', 'issueComment.getAll', 'user.get'],
		microsoftExcel: [
			'workbook.getAll',
			'worksheet.getAll',
			'worksheet.readRows',
			'table.getRows',
			'table.lookup',
		],
		mongoDb: ['find'],
		mySql: ['database.select', 'select'],
		notion: [
			'database.get',
			'database.getAll',
			'databasePage.get',
			'databasePage.getAll',
			'block.getAll',
			'user.get',
			'user.getAll',
			'page.search',
			'database.search',
		],
		openWeatherMap: ['currentWeather', '5DayForecast'],
		postgres: ['database.select', 'select'],
		redis: ['get', 'info', 'keys', 'llen'],
		rssFeedRead: [''],
		s3: ['bucket.getAll', 'bucket.search', 'file.download', 'file.getAll', 'folder.getAll'],
		shopify: ['order.get', 'order.getAll', 'product.get', 'product.getAll'],
		slack: [
			'channel.get',
			'channel.getAll',
			'channel.history',
			'channel.member',
			'user.info',
			'user.getAll',
			'user.getProfile',
			'file.get',
			'file.getAll',
			'message.search',
			'message.getPermalink',
		],
		stripe: [
			'balance.get',
			'charge.get',
			'charge.getAll',
			'coupon.getAll',
			'customer.get',
			'customer.getAll',
			'source.get',
		],
		supabase: ['row.get', 'row.getAll'],
		wooCommerce: [
			'order.get',
			'order.getAll',
			'product.get',
			'product.getAll',
			'customer.get',
			'customer.getAll',
		],
	}).map(([name, operations]) => [`n8n-nodes-base.${name}`, operations]),
);
