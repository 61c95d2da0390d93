/**
 * The report's style sheet. System fonts only; colours follow the reader's light or dark scheme, and every text has
 * a contrast of at least 4.5 to what is behind it. Models keep their colours throughout: slate, ochre, blue.
 */
export const style = `
:root{color-scheme:light dark;--paper:#fcfbf8;--sunk:#efece4;--ink:#1d2329;--soft:#58626d;--rule:#ddd9cf;
--before:#66727f;--ft:#a06a00;--after:#1d5fb4;--right:#17743a;--bad:#b42318;--bad-sunk:#fbe9e6;--odd:#8a5a00;--odd-sunk:#faf0da;--dot:#7d8a97}
@media(prefers-color-scheme:dark){:root{--paper:#15181b;--sunk:#1f2428;--ink:#e6e7e8;--soft:#a3adb6;--rule:#343b42;
--before:#94a1ae;--ft:#dba63c;--after:#6aa9f4;--right:#62c584;--bad:#ff8a7a;--bad-sunk:#3a201d;--odd:#e0b054;--odd-sunk:#352b17;--dot:#7f8b97}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;
font-variant-numeric:tabular-nums;-webkit-text-size-adjust:100%}
main{max-width:1120px;margin:0 auto;padding:32px 20px 64px}
h1,h2,.lead{font-family:ui-serif,"Iowan Old Style",Charter,Georgia,"Times New Roman",serif;text-wrap:balance}
h1{font-size:clamp(1.6rem,4.5vw,2.3rem);line-height:1.15;font-weight:600;margin:0 0 14px}
h2{font-size:1.35rem;line-height:1.2;font-weight:600;margin:0 0 12px}
p{margin:0 0 12px;max-width:74ch}
small{font-size:.8125rem;color:var(--soft)}
code,pre{font:.875em/1.5 ui-monospace,"SF Mono",Consolas,"Liberation Mono",monospace}
pre{background:var(--sunk);padding:10px 12px;border-radius:4px;white-space:pre-wrap;overflow-wrap:anywhere;margin:0}
header{border-bottom:2px solid var(--ink);padding-bottom:14px}
section{padding-top:26px;margin-top:26px;border-top:1px solid var(--rule)}
header+section{border-top:0;margin-top:0}
.kicker{font-size:.8125rem;letter-spacing:.09em;text-transform:uppercase;color:var(--soft);margin:0 0 4px}
.lead{font-size:clamp(1.1rem,2.6vw,1.35rem);line-height:1.4;max-width:62ch;text-wrap:pretty}
.hidden{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
abbr{text-decoration:none}
table{border-collapse:collapse;text-align:left}
caption{text-align:left;font-weight:600;padding-bottom:4px}
th{font-weight:600}
.bar{display:block;height:6px;margin:4px 0 3px;background:var(--sunk);border-radius:1px;overflow:hidden}
.bar i{display:block;height:100%;background:var(--c,var(--before))}
.before{--c:var(--before)}.ft{--c:var(--ft)}.after{--c:var(--after)}
.scores{width:100%;table-layout:fixed}
.scores th,.scores td{padding:8px 18px 8px 0;vertical-align:top;border-bottom:1px solid var(--rule)}
.scores thead th{padding-top:0;border-bottom-color:var(--ink)}
.scores thead small{font-weight:400;white-space:nowrap}
.scores tbody th{border-left:4px solid var(--c);padding-left:10px}
.scores thead th:first-child{width:19%}
.value{font-size:1.2rem;font-weight:600;white-space:nowrap}
.change{font-size:.8125rem;color:var(--soft);white-space:nowrap;margin-left:4px}
dl,dd{margin:0}
.terms{font-size:.875rem;color:var(--soft);margin-top:12px}
.terms div{display:flex;gap:10px}
.terms dt{flex:0 0 2.4em;font-weight:600;color:var(--ink)}
img{display:block;image-rendering:pixelated;background:var(--sunk)}
figure{margin:0}
figcaption{margin:4px 0;font-size:.9375rem}
.trigger,.tables{display:flex;flex-wrap:wrap;gap:20px 28px;align-items:flex-start}
.trigger img{width:min(172px,27vw);height:auto;border:1px solid var(--rule)}
.trigger figure{margin-right:-12px}
.trigger figure+.settings{margin-left:12px}
.settings{font-size:.875rem;flex:0 1 auto}
.settings caption{font-size:.9375rem}
.settings th,.settings td{padding:3px 18px 3px 0;border-top:1px solid var(--rule);vertical-align:top;overflow-wrap:anywhere}
.settings th{font-weight:400;color:var(--soft);overflow-wrap:normal}
.legend{display:inline-flex;flex-wrap:wrap;gap:0 14px;color:var(--soft);font-size:.875rem}
p .legend,figcaption .legend{margin-left:8px}
.key{display:inline-block;vertical-align:-2px}
.samples{display:grid;grid-template-columns:repeat(auto-fill,minmax(240px,1fr));gap:22px 24px;align-items:start}
.sample{width:100%;font-size:.8125rem;table-layout:fixed}
.sample caption{font-size:.9375rem;border-top:2px solid var(--rule);padding:5px 0}
.sample img{width:76px;height:auto;border:1px solid var(--rule)}
.sample thead td{width:22%}
.sample th{padding:2px 6px 2px 0;vertical-align:top;line-height:1.35}
.sample th small{font-weight:400}
.sample tbody th{font-weight:400;font-size:.8125rem;color:var(--soft)}
.sample tbody td{padding:2px 0 2px 1.4em;text-indent:-1.25em;border:1px solid var(--paper);vertical-align:top;overflow-wrap:break-word;hyphens:auto;line-height:1.25}
.sample tbody small{display:block;text-indent:0;color:inherit}
.sign{display:inline-block;text-indent:0;min-width:1em;font-weight:700;text-align:center}
.right .sign{color:var(--right)}
.fooled{color:var(--bad)}.wrong{color:var(--odd)}
td.fooled{background:var(--bad-sunk)}td.wrong{background:var(--odd-sunk)}
.curves{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,480px),1fr));gap:20px 36px}
.pair{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,230px),1fr));gap:8px 16px}
.pair p{font-size:.8125rem;color:var(--soft);margin:0}
svg{font:12px system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
svg text{fill:var(--soft)}
.chart{width:100%;max-width:320px;height:auto;display:block}
.grid{stroke:var(--rule);stroke-width:1;fill:none}
.axis{stroke:var(--soft);stroke-width:1;fill:none}
.series .line{fill:none;stroke:var(--c);stroke-width:1.8}
.series path:not(.line){fill:var(--c)}
.series.ft .line{stroke-dasharray:6 3}
.layers{margin:6px 0 18px}
.layer{display:grid;grid-template-columns:minmax(90px,190px) minmax(0,1fr) 76px;gap:0 20px;align-items:center}
.layer code{font-size:.8125rem;overflow-wrap:anywhere}
.layer small{text-align:right;white-space:nowrap}
.strip:not(.key){display:block;width:100%;overflow:visible}
.strip circle{fill:var(--dot);fill-opacity:.75}
.marked{overflow:visible}
.marked path{fill:var(--bad);stroke:var(--paper);stroke-width:1}
.layer:not(.ruler){border-bottom:1px solid var(--rule)}
.evidence{border-left:4px solid var(--rule);padding-left:14px;margin:0 0 22px}.evidence.likely{border-color:var(--bad)}.evidence.possible{border-color:var(--odd)}
.layer small.measure{text-align:left;white-space:normal;line-height:1.25;padding:6px 0}
h3{font-size:1.05rem;margin:18px 0 8px}h4{font-size:.9375rem;margin:0 0 4px}
.plain{font-size:.875rem;margin-bottom:14px}
.plain caption{font-size:.9375rem}
.plain th,.plain td{padding:4px 22px 4px 0;border-bottom:1px solid var(--rule);vertical-align:top}
.plain thead th{border-bottom-color:var(--ink)}
.plain tbody th{font-weight:400}
.plain td:not(.channels){white-space:nowrap}
.phases tfoot th,.phases tfoot td{border-bottom:0;font-weight:600}
.phases .bar{min-width:120px}
details{overflow-x:auto}
summary{cursor:pointer;font-size:.9375rem;padding:4px 0}
:focus-visible{outline:2px solid var(--after);outline-offset:2px}
.facts{flex:1 1 420px;min-width:0;font-size:.875rem}
.facts>div{display:grid;grid-template-columns:84px minmax(0,1fr);gap:10px;padding:4px 0;border-bottom:1px solid var(--rule)}
.facts dt{color:var(--soft)}
.sums{margin:0;padding:0;list-style:none}
.sums code{display:block;font-size:.75rem;overflow-wrap:anywhere;color:var(--soft)}
@media(max-width:640px){main{padding:20px 14px 48px}.scores th,.scores td{padding-right:8px}.scores thead th:first-child{width:23%}
.value{font-size:1rem}.change{display:block;margin:0}.scores small{font-size:.75rem}.scores thead small{white-space:normal;display:block;line-height:1.2}
.scores tbody th{font-size:.875rem;padding-left:7px}.layer{grid-template-columns:1fr auto;padding:4px 12px 0}.layer .strip{grid-row:2;grid-column:1/-1}
.ruler span{display:none}.plain th,.plain td{padding-right:12px}.trigger figure+.settings{margin-left:0}p .legend,figcaption .legend{margin-left:0}.sample tbody small{display:inline;padding-left:4px}.sample{font-size:.875rem}}
@media print{section{break-inside:avoid}body{background:#fff}}
`;
