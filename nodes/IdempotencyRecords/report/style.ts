/** Light, and dark where the reader prefers it. */
export const STYLE = `
:root { color-scheme: light dark;
	--page: #f6f7f9; --card: #ffffff; --text: #1b2430; --quiet: #5b6675; --line: #e3e7ec;
	--new: #2563eb; --retries: #8b5cf6; --duplicates: #0d9488; --conflicts: #d97706; --alarm: #b91c1c; }
@media (prefers-color-scheme: dark) { :root {
	--page: #12161c; --card: #1b212a; --text: #e8ecf1; --quiet: #9aa6b5; --line: #2d3642;
	--new: #60a5fa; --retries: #a78bfa; --duplicates: #2dd4bf; --conflicts: #fbbf24; --alarm: #f87171; } }
* { box-sizing: border-box; }
body { margin: 0; padding: 32px 20px; background: var(--page); color: var(--text);
	font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
main { max-width: 1040px; margin: 0 auto; }
h1 { margin: 0; font-size: 26px; } h2 { margin: 0 0 12px; font-size: 17px; }
header p { margin: 4px 0 24px; color: var(--quiet); }
section { margin: 0 0 20px; padding: 20px; background: var(--card); border: 1px solid var(--line); border-radius: 12px; }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: 12px;
	margin: 0 0 20px; padding: 0; background: none; border: 0; }
.figure { padding: 16px; background: var(--card); border: 1px solid var(--line); border-radius: 12px; }
.figure b { display: block; font-size: 26px; line-height: 1.2; font-variant-numeric: tabular-nums; }
.figure span { color: var(--quiet); font-size: 13px; }
.figure.alarm b { color: var(--alarm); }
svg { display: block; width: 100%; height: auto; }
svg .grid { stroke: var(--line); } svg text { font-size: 12px; fill: var(--quiet); } svg .label { font-size: 14px; fill: var(--text); }
.new { fill: var(--new); background: var(--new); } .retries { fill: var(--retries); background: var(--retries); }
.duplicates { fill: var(--duplicates); background: var(--duplicates); } .conflicts { fill: var(--conflicts); background: var(--conflicts); }
.legend { display: flex; flex-wrap: wrap; gap: 6px 20px; margin: 0 0 12px; padding: 0; list-style: none; font-size: 13px; color: var(--quiet); }
.legend i { display: inline-block; width: 11px; height: 11px; margin-right: 7px; border-radius: 3px; }
.wide { overflow-x: auto; }
table { width: 100%; border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: 8px 10px; text-align: right; border-bottom: 1px solid var(--line); white-space: nowrap; }
th { font-size: 13px; font-weight: 600; color: var(--quiet); } tr:last-child td { border-bottom: 0; }
th:first-child, td:first-child { text-align: left; white-space: normal; overflow-wrap: anywhere; min-width: 180px; }
td.alarm { color: var(--alarm); font-weight: 600; }
a { color: var(--new); text-decoration: none; } a:hover { text-decoration: underline; }
table.waiting td, table.waiting th { text-align: left; white-space: normal; vertical-align: top; min-width: 110px; }
.nothing { color: var(--quiet); margin: 0; }
`;
