/**
 * The borders between the rooms of this package: which folder may import from which. CONTRIBUTING.md, "Where things are", says
 * why. Import cycles are madge's (`npm run lint`), lengths of files `scripts/check-house.mjs`'s.
 */
import { existsSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const foldersIn = (folder) =>
	readdirSync(new URL(`${folder}/`, import.meta.url), { withFileTypes: true })
		.filter((entry) => entry.isDirectory())
		.map((entry) => `${folder}/${entry.name}`);

const SHIPPED = ['lib', 'nodes', 'credentials'];
const STORES = foldersIn('lib/stores');
/** What stores over rows stand on: no store of its own. */
const ROWS = 'lib/stores/rows';
const NODES = foldersIn('nodes').filter((folder) => /^nodes\/Idempot/.test(folder));

const everythingBut = (...allowed) => ({
	from: '.',
	except: allowed.map((folder) => `./${folder}`),
});

/** Glob patterns of all files that are not in a folder: `lib/a` gives those beside `lib`, and those in `lib` beside `a`. */
function outside(folder) {
	const steps = folder.split('/');
	return steps.flatMap((step, depth) => {
		const above = ['.', ...steps.slice(0, depth)].join('/');
		return [`${above}/*.ts`, `${above}/!(${step})/**/*.ts`];
	});
}

/** Folders whose `index.ts` says what others may use of them. */
function indexedFolders(folder) {
	const inner = foldersIn(folder).flatMap(indexedFolders);
	return existsSync(new URL(`${folder}/index.ts`, import.meta.url)) ? [folder, ...inner] : inner;
}

const zones = [
	{
		target: './lib/core',
		...everythingBut('lib/core'),
		message: 'lib/core stands on nothing: it imports from lib/core alone.',
	},
	{
		target: './lib',
		from: ['./nodes', './credentials'],
		message: 'lib knows no node: hand it what it needs.',
	},
	{
		target: ['./lib/keys', './lib/senders', './lib/results'],
		from: ['./lib/guard', './lib/stores'],
		message: 'What reads values knows neither the engine nor a store.',
	},
	{
		target: './lib/guard',
		from: './lib/stores',
		message: 'The engine takes any store: import the interface from lib/core.',
	},
	...STORES.map((store) => ({
		target: `./${store}`,
		from: [...STORES.filter((other) => other !== store && other !== ROWS), 'lib/guard'].map(
			(each) => `./${each}`,
		),
		message: 'A store knows no other store, and not the engine.',
	})),
	...NODES.map((node) => ({
		target: `./${node}`,
		from: './nodes',
		except: [`./${node.slice('nodes/'.length)}`, './shared', './run-end'],
		message: 'A node imports no other node: share it in nodes/shared, or in lib.',
	})),
	{
		target: './nodes/shared',
		from: './nodes',
		except: ['./shared'],
		message: 'nodes/shared is for all nodes: it imports none of them.',
	},
	{
		target: './nodes/run-end',
		from: './nodes',
		except: ['./shared', './run-end'],
		message: 'nodes/run-end is for all nodes: it imports none of them.',
	},
	...SHIPPED.flatMap(indexedFolders).map((folder) => ({
		target: outside(folder),
		from: `./${folder}`,
		except: ['./index.ts'],
		message: `Import from ${folder}, whose index.ts says what others may use.`,
	})),
];

export const houseRules = [
	{
		files: SHIPPED.map((folder) => `${folder}/**/*.ts`),
		rules: {
			'import-x/no-restricted-paths': [
				'error',
				{ basePath: fileURLToPath(new URL('.', import.meta.url)), zones },
			],
		},
	},
	{
		files: ['lib/**/*.ts'],
		rules: {
			'no-restricted-imports': [
				'error',
				{
					patterns: [
						{
							group: ['n8n-*', '@n8n/*'],
							message: 'lib knows nothing of n8n: what asks n8n belongs to nodes/shared.',
						},
					],
				},
			],
		},
	},
];
