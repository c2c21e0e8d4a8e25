import { BlockList, isIPv6 } from 'node:net';
import type { IWebhookFunctions } from 'n8n-workflow';

import type { ItemParameters } from '../shared/parameters';

/** What we use of Express' request. */
interface Caller {
	readonly ip?: string;
	readonly ips?: readonly string[];
}

/** Whether a request may come from where it comes, as n8n's own Webhook finds it out. An entry that can't be read allows nobody. */
export function isAddressAllowed(context: IWebhookFunctions, parameters: ItemParameters): boolean {
	const list = String(parameters.get<unknown>('options.ipWhitelist', 0, '')).trim();
	if (list === '') return true;
	const allowed = new BlockList();
	for (const entry of list.split(',')) allow(allowed, entry.trim());
	const { ip, ips = [] } = context.getRequestObject() as unknown as Caller;
	return [ip, ...ips].some(
		(each) => each !== undefined && allowed.check(each, isIPv6(each) ? 'ipv6' : 'ipv4'),
	);
}

function allow(list: BlockList, entry: string): void {
	const [address = '', bits] = entry.split('/');
	const family = address.includes(':') ? 'ipv6' : 'ipv4';
	try {
		if (bits === undefined) list.addAddress(address, family);
		else if (/^\d{1,3}$/.test(bits)) list.addSubnet(address, Number(bits), family);
	} catch {
		// No address: it allows nobody.
	}
}

/** Whose request it is as n8n finds it out, to tell callers apart that are otherwise unknown. */
export function addressOf(context: IWebhookFunctions): string {
	return (context.getRequestObject() as unknown as Caller).ip ?? '';
}

/** Crawlers and what makes previews of links in chats: they call an address because somebody wrote it down. */
const BOT =
	/bot\b|bot[/_-]|crawl|spider|slurp|preview|facebookexternalhit|whatsapp\/|skypeuripreview|embedly|bingbot|duckduck|yandex|baidu|ia_archiver|lighthouse|pinterest|discordbot|telegrambot|linkedinbot|headlesschrome/i;

export function isIgnoredBot(context: IWebhookFunctions, parameters: ItemParameters): boolean {
	if (parameters.get<unknown>('options.ignoreBots', 0, false) !== true) return false;
	return BOT.test(context.getHeaderData()['user-agent'] ?? '');
}
