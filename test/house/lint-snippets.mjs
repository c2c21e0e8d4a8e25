/** Lints texts as files of this checkout: reads `[{ file, text }]` from standard input, writes the messages of each. */
import { json } from 'node:stream/consumers';
import { ESLint } from 'eslint';

const eslint = new ESLint();
const messages = [];
for (const { file, text } of await json(process.stdin)) {
	const [result] = await eslint.lintText(text, { filePath: file });
	messages.push(result.messages.map(({ ruleId, message }) => `${ruleId}: ${message}`));
}
process.stdout.write(JSON.stringify(messages));
