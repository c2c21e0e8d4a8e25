import type { StoreFinding } from '../../shared/store-health';
import { escaped } from './charts';

const BY_LEVEL: Readonly<Record<StoreFinding['level'], number>> = { problem: 0, note: 1, good: 2 };

/** What the store is and what that means, the worst first; nothing where it was not looked at. */
export function storeSection(findings: readonly StoreFinding[]): string {
	if (findings.length === 0) return '';
	const rows = [...findings]
		.sort((a, b) => BY_LEVEL[a.level] - BY_LEVEL[b.level])
		.map(({ topic, value, level, meaning }) => {
			const shown = level === 'problem' ? ' class="alarm"' : '';
			return `<tr><td>${escaped(topic)}</td><td${shown}>${escaped(value)}</td><td>${escaped(meaning)}</td></tr>`;
		});
	return `<section><h2>The store</h2><div class="wide"><table class="waiting"><thead><tr><th>What</th><th>As it is</th><th>What it means</th></tr></thead><tbody>${rows.join('')}</tbody></table></div></section>\n`;
}
