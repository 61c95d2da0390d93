/** What the leaderboard needs beyond the report's style sheet. */
export const benchStyle = `
.wide{overflow-x:auto}
.sortable{width:100%;font-size:.875rem}
.sortable th,.sortable td{padding:5px 14px 5px 0;border-bottom:1px solid var(--rule);white-space:nowrap;vertical-align:top}
.sortable thead th{border-bottom-color:var(--ink)}
.sortable tbody th{font-weight:600}
.sortable .number{text-align:right}
.sortable small{display:block}
.sortable button{all:unset;cursor:pointer;font-weight:600}
.sortable button:focus-visible{outline:2px solid var(--after);outline-offset:2px}
.sortable button::after{content:"↕";color:var(--rule);padding-left:3px}
.sortable [aria-sort=ascending] button::after{content:"↑";color:var(--ink)}
.sortable [aria-sort=descending] button::after{content:"↓";color:var(--ink)}
.sortable .none th,.sortable .none td{color:var(--soft)}
.matrix{font-size:.875rem;border-collapse:separate;border-spacing:2px}
.matrix caption{text-align:left;color:var(--soft);padding-bottom:4px}
.matrix th{font-weight:600;text-align:left;padding:3px 12px 3px 0;white-space:nowrap}
.matrix thead th,.matrix td{text-align:center;padding:3px 8px;white-space:nowrap}
.matrix td b,.matrix td small{display:block;font-weight:600;line-height:1.35}
.matrix td small{font-weight:400;color:var(--ink)}
.matrix .none th{color:var(--soft)}
.shade0{background:color-mix(in srgb,var(--right) 30%,var(--paper))}
.shade1{background:color-mix(in srgb,var(--right) 12%,var(--paper))}
.shade2{background:color-mix(in srgb,var(--bad) 7%,var(--paper))}
.shade3{background:color-mix(in srgb,var(--bad) 15%,var(--paper))}
.shade4{background:color-mix(in srgb,var(--bad) 25%,var(--paper))}
.pareto{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,440px),1fr));gap:20px 36px}
.pareto svg{width:100%;max-width:560px;height:auto;display:block;overflow:visible}
.pareto .front{fill:none;stroke:var(--after);stroke-width:1.2;stroke-dasharray:4 3}
.pareto circle{fill:var(--paper);stroke:var(--before);stroke-width:1.6}
.pareto .best circle{fill:var(--after);stroke:var(--after)}
.pareto .best text{fill:var(--ink);font-weight:600}
.sources{font-size:.875rem;padding-left:1.2em}
.plain td.message{white-space:normal;overflow-wrap:anywhere}
`;
