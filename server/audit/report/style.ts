/** Look of the HTML report, in light and dark. Colours of the bars differ in lightness too, so that they are told apart without colour. */
export const STYLE = `
:root { --ground: #ffffff; --text: #1c2330; --quiet: #545d6e; --line: #d5dae3; --info: #9db7d8; --warn: #b97a00; --error: #a63c1c; --critical: #6d0f33; --bar: #3f6fb0; }
@media (prefers-color-scheme: dark) { :root { --ground: #11151c; --text: #e4e8ef; --quiet: #a2abba; --line: #323a48; --info: #3d5878; --warn: #d79a2b; --error: #ee8263; --critical: #ffb3cb; --bar: #7aa7e6; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 70rem; padding: 1.5rem; background: var(--ground); color: var(--text); font: 15px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.5rem; margin: 0; } h2 { font-size: 1.15rem; margin: 2rem 0 .5rem; border-bottom: 1px solid var(--line); } h3 { font-size: 1rem; margin: 1rem 0 .25rem; }
p { margin: .25rem 0; } header p, footer, .empty, figcaption { color: var(--quiet); }
.attention { list-style: none; padding: 0; margin: 0; } .attention li { padding: .35rem .6rem; margin: .3rem 0; border-left: 4px solid var(--line); }
.attention .now { border-color: var(--critical); } .attention .soon { border-color: var(--warn); }
.scroll { overflow-x: auto; } table { border-collapse: collapse; width: 100%; font-size: .9rem; }
th, td { text-align: left; padding: .25rem .6rem .25rem 0; border-bottom: 1px solid var(--line); vertical-align: top; overflow-wrap: anywhere; } tbody th { font-weight: 500; }
.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
figure { margin: 1rem 0; } svg { width: 100%; height: auto; display: block; } svg text { fill: var(--quiet); font: 11px system-ui, sans-serif; }
.axis { stroke: var(--line); } .info { fill: var(--info); } .warn { fill: var(--warn); } .error { fill: var(--error); } .critical { fill: var(--critical); } .events { fill: var(--bar); }
details summary { cursor: pointer; color: var(--quiet); }
@media print { body { max-width: none; } details { display: none; } }
`;
