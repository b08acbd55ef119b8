/** The look of the console: no fonts or pictures from elsewhere, both colour schemes, narrow screens. */
export const consoleStyle = `
:root{color-scheme:light dark;--ink:#1b1f24;--dim:#57606a;--ground:#fff;--raised:#f6f8fa;--line:#8c959f;--good:#116329;--bad:#a40e26;--warn:#6b5500;--way:#0550ae;--odd:#6639ba;--faint:#d0d7de}
@media (prefers-color-scheme:dark){:root{--ink:#e6edf3;--dim:#9ea7b3;--ground:#0d1117;--raised:#161b22;--line:#6e7681;--good:#56d364;--bad:#ff8f88;--warn:#e3b341;--way:#79c0ff;--odd:#d2a8ff;--faint:#30363d}}
*{box-sizing:border-box}[hidden]{display:none!important}
body{margin:0 auto;max-width:1080px;padding:1rem;background:var(--ground);color:var(--ink);font:16px/1.5 system-ui,sans-serif}
h1{font-size:1.4rem;margin:0}h2{font-size:1.1rem;margin:1.5rem 0 .5rem}
#sentence{font-size:1.1rem;min-height:3em;margin:.25rem 0 1rem;overflow-wrap:anywhere}
.pass{color:var(--good)}.warn{color:var(--warn)}.fail{color:var(--bad)}
form{display:flex;flex-wrap:wrap;gap:.5rem;align-items:end}label{flex-basis:100%}
input,select{flex:1;min-width:12rem;font:inherit;padding:.5rem;color:inherit;background:var(--ground);border:1px solid var(--line);border-radius:.35rem}
button{font:inherit;padding:.5rem 1rem;color:var(--ground);background:var(--way);border:0;border-radius:.35rem;cursor:pointer}
:focus-visible{outline:3px solid var(--way);outline-offset:2px}
.scroll{overflow-x:auto}table{border-collapse:collapse;width:100%;min-width:46rem;table-layout:fixed}th{white-space:normal;vertical-align:bottom}
th,td{text-align:right;padding:.3rem .6rem;border-bottom:1px solid var(--line);font-variant-numeric:tabular-nums}
th:first-child,td:first-child{text-align:left}
ul{list-style:none;padding:0;margin:0}li,article{padding:.5rem .75rem;margin:.4rem 0;background:var(--raised);border-radius:.35rem;overflow-wrap:anywhere}
article h3{font-size:1rem;margin:0}article p{margin:.2rem 0}.dim{color:var(--dim)}
#charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,24rem),1fr));gap:1rem}
figure{margin:0;padding:.6rem .75rem;background:var(--raised);border-radius:.35rem;min-width:0}
figcaption h3{font-size:1rem;margin:0}.time{color:var(--dim);font-weight:400;font-variant-numeric:tabular-nums}
.legend{display:flex;flex-wrap:wrap;gap:0 1rem;min-height:4.5em;align-content:flex-start;font-size:.9rem}
.legend li{display:inline-flex;align-items:center;gap:.35rem;padding:0;margin:0;background:none}
.legend output{min-width:4.5em;font-variant-numeric:tabular-nums}
.swatch{width:.8rem;height:.8rem;border-radius:.15rem;background:var(--dim)}
.swatch.good{background:var(--good)}.swatch.warn{background:var(--warn)}.swatch.bad{background:var(--bad)}.swatch.way{background:var(--way)}.swatch.odd{background:var(--odd)}
.plot{position:relative;height:170px;overflow:hidden}
.note{position:absolute;inset:0;margin:0;padding:1rem;display:grid;place-items:center;text-align:center;color:var(--dim);pointer-events:none}
.u-cursor-x{border-color:var(--dim)!important}
.chooser{display:flex;align-items:center;gap:.5rem;margin:.5rem 0}.chooser select{flex:0 1 16rem;min-width:0}.chooser label{flex:none}
td{white-space:nowrap}#apps th{overflow-wrap:anywhere}
.box{height:14rem;overflow-y:auto;border:1px solid var(--line);border-radius:.35rem;padding:0 .4rem}li p{margin:.2rem 0 0}
.tests{display:flex;flex-wrap:wrap;gap:.5rem;margin:.5rem 0}.steps{margin:.5rem 0 0;padding:0;list-style:none}.steps li{padding:.15rem 0;margin:0;font-variant-numeric:tabular-nums}
button:disabled{background:var(--dim);cursor:default}
`;
