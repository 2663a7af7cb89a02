"""The style of the page: colours that the colour-blind tell apart; light, dark, on paper. Never a word of it."""

COLOURS = tuple(f"c{number}" for number in range(8))
"""Classes of colours, to be given out in this order; after them comes grey."""

_LIGHT = """
--paper:#fff;--card:#f6f7f9;--ink:#1b2230;--soft:#566073;--grid:#e4e8ee;--zero:#9aa4b2;--change:#f1ead8;--chief:#0b62a8;
--c0:#973000;--c1:#005037;--c2:#c66481;--c3:#0098c6;--c4:#a18300;--c5:#9248da;--c6:#8a5a44;--c7:#5d6b20;--none:#98a1ae;
--good:#00694d;--bad:#a83a00;
"""
_DARK = """
--paper:#12161d;--card:#1b212b;--ink:#e9edf3;--soft:#a5afbf;--grid:#2a313d;--zero:#5d6878;--change:#2f2a1c;--chief:#5cb3f5;
--c0:#e8500e;--c1:#479059;--c2:#cf66a2;--c3:#3ee6f0;--c4:#edd056;--c5:#8960f4;--c6:#cfa38c;--c7:#b4c46a;--none:#6f7a8a;
--good:#4fd6ab;--bad:#ff9a5e;
"""
_TONES = "".join(f".{name}{{--c:var(--{name})}}" for name in (*COLOURS, "chief", "none")) + ".plain{--c:var(--soft)}"

STYLE = f"""
:root{{color-scheme:light dark;{_LIGHT}}}
@media screen and (prefers-color-scheme:dark){{:root{{{_DARK}}}}}
{_TONES}
*{{box-sizing:border-box}}
body{{margin:0;background:var(--paper);color:var(--ink);font:16px/1.5 system-ui,
-apple-system,"Segoe UI",Roboto,sans-serif;
-webkit-text-size-adjust:100%}}
main,header,footer{{max-width:1120px;margin:0 auto;padding:0 16px}}
header{{padding-top:28px}}
.kicker{{margin:0;color:var(--soft);font-size:14px}}
h1{{font-size:clamp(25px,4.6vw,42px);line-height:1.18;letter-spacing:-.015em;margin:8px 0 12px;max-width:24em;
text-wrap:balance}}
h2{{font-size:22px;line-height:1.25;margin:44px 0 4px}}
h3{{font-size:15px;margin:0;line-height:1.3}}
p{{margin:4px 0 10px;max-width:46em}}
a{{color:var(--chief)}}
.question{{font-size:18px;margin-bottom:2px}}
.note,.conditions,figcaption p{{color:var(--soft);font-size:14px;max-width:56em}}
nav{{margin:14px 0 0;display:flex;flex-wrap:wrap;gap:4px 18px;font-size:15px}}
nav a{{padding:6px 0}}
.cards{{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,250px),1fr));gap:12px;margin-top:12px}}
.card{{background:var(--card);border-radius:10px;padding:14px 16px;border-left:5px solid var(--zero)}}
.card.met{{border-color:var(--good)}}.card.not-met{{border-color:var(--bad)}}
.card p{{margin:0}}
.figure{{font-size:32px;font-weight:650;line-height:1.25;font-variant-numeric:tabular-nums}}
.spread,.meaning{{color:var(--soft);font-size:14px}}
.card .meaning{{margin:6px 0}}
.met .verdict{{color:var(--good)}}.not-met .verdict{{color:var(--bad)}}
.plots{{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,470px),1fr));gap:26px 34px;margin-top:14px}}
figure{{margin:0;min-width:0;break-inside:avoid}}
figcaption p{{margin:2px 0 6px}}
.stack figure+figure{{margin-top:26px}}
svg{{display:block;overflow:visible}}
svg.plot,svg.strip{{width:100%;height:auto}}
svg text{{font-size:13.5px;fill:var(--ink);font-family:inherit}}
svg .mark,svg .axis{{fill:var(--soft);font-size:12.5px}}
svg .end{{text-anchor:end}}svg .middle{{text-anchor:middle}}svg .strong{{font-weight:650}}
.grid,.lane{{stroke:var(--grid);stroke-width:1}}.zero,.tick{{stroke:var(--zero);stroke-width:1}}
.change{{fill:var(--change)}}
.line{{fill:none;stroke:var(--c);stroke-width:1.5;stroke-linejoin:round}}.line.heavy{{stroke-width:3}}
.line.plain{{stroke-dasharray:5 4}}
.area{{fill:var(--c);opacity:.2}}
.leader{{fill:none;stroke:var(--c);stroke-width:1}}
.full,.fill{{fill:var(--c);stroke:none}}
.hollow{{fill:var(--paper);stroke:var(--c);stroke-width:2}}.ring{{fill:none;stroke:var(--c);stroke-width:1.5}}
.span{{stroke:var(--c);stroke-width:2.5;opacity:.55}}
.silence{{stroke:var(--soft);stroke-width:2}}
.wanted{{stroke:var(--ink);stroke-width:2}}
.bar{{fill:var(--chief);opacity:.65}}.outline{{fill:none;stroke:var(--ink);stroke-width:1.6}}
.event{{stroke:var(--bad);stroke-width:2}}.cross{{stroke:var(--bad);stroke-width:2.4;fill:none}}
.key p{{display:flex;flex-wrap:wrap;gap:4px 16px;margin:4px 0;font-size:14px;max-width:none}}
.key span{{display:inline-flex;align-items:center;gap:6px}}
.only-narrow{{display:none}}
table{{border-collapse:collapse;width:100%;margin-top:12px;font-variant-numeric:tabular-nums}}
th,td{{text-align:right;padding:8px 10px;border-bottom:1px solid var(--grid);vertical-align:top}}
th:first-child,td:first-child{{text-align:left;padding-left:0}}
thead th{{color:var(--soft);font-size:13px;font-weight:500;vertical-align:bottom}}
tbody th{{font-weight:500}}.chief-row th,.chief-row td{{font-weight:650}}
small{{display:block;color:var(--soft);font-size:13px;font-weight:400;line-height:1.35}}
.share,.share small{{white-space:nowrap}}
.gauge{{display:block;height:6px;background:var(--grid);border-radius:3px;margin-top:5px;min-width:70px}}
.gauge .fill{{display:block;height:6px;border-radius:3px;background:var(--c)}}
.words td{{text-align:left;font-size:14px;padding:5px 10px}}
details{{margin-top:10px}}summary{{cursor:pointer;padding:6px 0}}
dl{{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,300px),1fr));gap:6px 28px;
margin:12px 0;font-size:14px}}
dt{{color:var(--soft)}}dd{{margin:0;overflow-wrap:anywhere}}
footer{{border-top:1px solid var(--grid);margin-top:48px;padding-bottom:40px}}
code{{font-size:13px;overflow-wrap:anywhere}}
@media screen and (min-width:1020px){{svg.plot text{{font-size:11px}}svg.plot .mark,svg.plot .axis{{font-size:10px}}
svg.strip text{{font-size:12.5px}}}}
@media screen and (max-width:760px){{
.only-wide{{display:none}}.only-narrow{{display:block}}.only-narrow svg{{margin-bottom:22px}}
.wide{{display:none}}th,td{{padding:7px 6px}}.words td{{font-size:13px;padding:4px 6px}}h2{{margin-top:34px}}
}}
@media print{{
@page{{size:A4;margin:11mm 13mm}}
body{{font-size:9pt;line-height:1.35;-webkit-print-color-adjust:exact;print-color-adjust:exact}}
main,header,footer{{padding:0;max-width:none}}
nav,details{{display:none}}
header{{padding-top:0}}h1{{font-size:19pt}}h2{{font-size:13pt;margin-top:13pt;break-after:avoid}}h3{{font-size:10pt}}
.question{{font-size:11pt}}.note,.conditions,figcaption p,.spread,.meaning,.key p,dl{{font-size:8.5pt}}
.plots{{grid-template-columns:1fr 1fr;gap:9pt 16pt}}.cards{{grid-template-columns:repeat(3,1fr)}}
.card,tr,.together,dl div,footer{{break-inside:avoid}}.figure{{font-size:18pt}}
th,td{{padding:2pt 5pt}}small{{font-size:7.5pt}}.gauge{{margin-top:1pt;height:4px}}.gauge .fill{{height:4px}}
.share b,.share small{{display:inline;margin-left:5pt}}
thead th{{font-size:8.5pt}}svg.strip text{{font-size:15px}}svg.strip .mark,svg.strip .axis{{font-size:14px}}
footer{{margin-top:12pt;padding-bottom:0}}dl{{grid-template-columns:repeat(3,1fr)}}
}}
"""
"""The style sheet."""
