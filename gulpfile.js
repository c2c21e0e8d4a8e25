const { rm } = require('node:fs/promises');
const { dest, parallel, src } = require('gulp');

// `n8n-node build` compiles, and copies every picture, those of the documentation too. Redis scripts and codex files are ours to copy.
function copyRedisScripts() {
	return src('lib/stores/redis/scripts/*.lua').pipe(dest('dist/lib/stores/redis/scripts'));
}

function copyCodexFiles() {
	return src('nodes/**/*.node.json').pipe(dest('dist/nodes'));
}

async function dropPicturesOfDocs() {
	await rm('dist/docs', { recursive: true, force: true });
}

exports.default = parallel(copyRedisScripts, copyCodexFiles, dropPicturesOfDocs);
