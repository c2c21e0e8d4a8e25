const { dest, parallel, src } = require('gulp');

// `n8n-node build` compiles and copies icons. Redis scripts and codex files are ours to copy.
function copyRedisScripts() {
	return src('lib/redis-store/scripts/*.lua').pipe(dest('dist/lib/redis-store/scripts'));
}

function copyCodexFiles() {
	return src('nodes/**/*.node.json').pipe(dest('dist/nodes'));
}

exports.default = parallel(copyRedisScripts, copyCodexFiles);
