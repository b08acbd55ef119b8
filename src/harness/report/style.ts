/** The look of the HTML report: one sheet, no fonts or pictures from elsewhere, both colour schemes, fit for print. */
export const reportStyle = `
:root{color-scheme:light dark;--ink:#1b1f24;--dim:#57606a;--ground:#fff;--raised:#f6f8fa;--line:#d0d7de;--good:#116329;--bad:#a40e26;--skip:#6b5500;--way:#0550ae}
@media (prefers-color-scheme:dark){:root{--ink:#e6edf3;--dim:#9ea7b3;--ground:#0d1117;--raised:#161b22;--line:#3d444d;--good:#56d364;--bad:#ff8f88;--skip:#e3b341;--way:#79c0ff}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:1080px;padding:1.5rem;background:var(--ground);color:var(--ink);font:16px/1.5 system-ui,sans-serif}
h1{font-size:1.6rem;margin:0}h2{font-size:1.2rem;margin:2rem 0 .5rem}h3{font-size:1rem;margin:1rem 0 .25rem}
p{margin:.25rem 0}a{color:var(--way)}
.dim{color:var(--dim)}.passed{color:var(--good)}.failed{color:var(--bad)}.skipped{color:var(--skip)}
.bar{display:flex;height:.6rem;border-radius:.3rem;overflow:hidden;margin:1rem 0;background:var(--line)}
.bar span{display:block}.bar .passed{background:var(--good)}.bar .failed{background:var(--bad)}.bar .skipped{background:var(--skip)}
details{border:1px solid var(--line);border-radius:.5rem;margin:.4rem 0;background:var(--raised)}
summary{cursor:pointer;padding:.5rem .75rem;display:flex;gap:.75rem;align-items:baseline}
summary:focus-visible{outline:3px solid var(--way);outline-offset:2px;border-radius:.5rem}
summary .mark{font-weight:700;width:1.2rem;flex:none}summary .title{flex:1}summary .time{color:var(--dim);font-variant-numeric:tabular-nums;white-space:nowrap}
.inside{padding:.25rem .75rem .75rem;border-top:1px solid var(--line)}
code,pre{font:13px/1.45 ui-monospace,monospace}
pre{margin:.25rem 0;padding:.5rem;border:1px solid var(--line);border-radius:.35rem;background:var(--ground);white-space:pre-wrap;overflow-wrap:anywhere}
ul.problems{margin:.25rem 0;padding-left:1.2rem;color:var(--bad);font-weight:600}
table{border-collapse:collapse;width:100%;margin:.25rem 0}th,td{text-align:left;padding:.2rem .5rem .2rem 0;border-bottom:1px solid var(--line);overflow-wrap:anywhere}th[scope=row]{font-weight:400}
ul.causes>li{color:var(--bad);font-weight:600}ul.causes ul,ul.causes p{font-weight:400}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.15rem .75rem;margin:.25rem 0}dt{color:var(--dim)}dd{margin:0;overflow-wrap:anywhere}
svg{display:block;width:100%;max-width:880px;height:auto;margin:.5rem 0}
svg text{font:12px system-ui,sans-serif;text-anchor:middle;fill:var(--ink)}
svg rect{fill:var(--ground);stroke:var(--way);stroke-width:1.5}svg .missed rect{stroke:var(--line);stroke-dasharray:4 3}svg .missed text{fill:var(--dim)}
svg path{stroke:var(--way);stroke-width:1.5;fill:none}svg path.head{fill:var(--way);stroke:none}
@media print{body{max-width:none}details{break-inside:avoid}}
`;
