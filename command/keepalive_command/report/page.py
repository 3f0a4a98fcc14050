"""The report as one HTML file that works offline: no script, readable by keyboard, light and dark."""

from __future__ import annotations

from html import escape

from keepalive_command import __version__
from keepalive_command.report import charts
from keepalive_command.report.saving import Saving
from keepalive_command.report.tables import Table, comparison, tables
from keepalive_command.report.totals import Recording

# Orange and blue: told apart by every kind of eye, in light and dark (tests/command/test_page.py looks at both).
STYLE = """
:root { color-scheme: light dark; --ink: #1c2128; --paper: #fff; --faint: #59636e; --line: #d1d9e0; --wash: #f6f8fa;
  --opened: #bc4c00; --reused: #0969da; --link: #0550ae; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --paper: #0d1117; --faint: #9198a1; --line: #3d444d;
  --wash: #151b23; --opened: #f0883e; --reused: #58a6ff; --link: #79b8ff; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 70rem; padding: 1.5rem 1rem 4rem; background: var(--paper); color: var(--ink);
  font: 16px/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
h1 { margin: 0 0 .25rem; } h2 { margin: 2.5rem 0 .5rem; border-bottom: 1px solid var(--line); }
a { color: var(--link); } :focus-visible { outline: 3px solid var(--link); outline-offset: 2px; }
.skip { position: absolute; left: -99rem; }
.skip:focus { left: 1rem; top: 1rem; background: var(--paper); padding: .5rem; }
nav ul { display: flex; flex-wrap: wrap; gap: 0 1.25rem; padding: 0; list-style: none; }
figure { margin: 1rem 0; }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(9rem, 1fr)); gap: .75rem; padding: 0;
  list-style: none; }
.cards li { background: var(--wash); border: 1px solid var(--line); border-radius: 6px; padding: .75rem 1rem; }
.cards b { display: block; font-size: 1.6rem; } .cards span, .faint { color: var(--faint); }
.scroll { overflow-x: auto; } table { border-collapse: collapse; margin: .75rem 0; font-size: .9rem; }
caption { text-align: left; font-weight: 600; padding: .25rem 0; }
th, td { padding: .3rem .75rem .3rem 0; border-bottom: 1px solid var(--line); text-align: right; white-space: nowrap; }
thead th { white-space: normal; overflow-wrap: normal; vertical-align: bottom; }
.names thead th { overflow-wrap: anywhere; min-width: 6rem; }
th:first-child { text-align: left; } tbody th { font-weight: 400; } td { font-variant-numeric: tabular-nums; }
svg { width: 100%; height: auto; } svg text { fill: var(--faint); font: 12px system-ui, sans-serif; }
@media (max-width: 40rem) { svg { overflow: visible; } svg text { font-size: 20px; } } /* shown at half their size */
svg line { stroke: var(--line); } .opened { fill: var(--opened); } .reused { fill: var(--reused); }
.key::before { content: ""; display: inline-block; width: .8em; height: .8em; margin-right: .35em; }
.key.opened::before { background: var(--opened); } .key.reused::before { background: var(--reused); }
"""


def page(recordings: list[tuple[Recording, Saving]]) -> str:
    """The whole document for one recording, or for two to compare."""
    parts = [_section(recording, saving, number) for number, (recording, saving) in enumerate(recordings)]
    names = [recording.name for recording, _ in recordings]
    links = [f'<li><a href="#recording-{number}">{escape(name)}</a></li>' for number, name in enumerate(names)]
    if len(recordings) == 2:
        before, after = (recording for recording, _ in recordings)
        figure = charts.opened_per_invocation([before, after])
        numbers = _table(comparison(before, after), "scroll names")
        parts.insert(
            0,
            f'<h2 id="comparison">Before and after</h2><figure><figcaption>Connections opened per invocation'
            f"</figcaption>{figure}</figure>{numbers}",
        )
        links.insert(0, '<li><a href="#comparison">Before and after</a></li>')
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<link rel="icon" href="data:,">'  # or browsers ask for /favicon.ico
        f"<title>Connections: {escape(', '.join(names))}</title><style>{STYLE}</style></head><body>"
        '<a class="skip" href="#content">Skip to the numbers</a>'
        f"<header><h1>HTTP connections</h1><nav aria-label='Contents'><ul>{''.join(links)}</ul></nav></header>"
        f'<main id="content">{"".join(parts)}</main>'
        f'<footer class="faint"><p>Made by lambda-keepalive report {__version__}.</p></footer></body></html>\n'
    )


def _section(recording: Recording, saving: Saving, number: int) -> str:
    total = recording.all
    rate = "-" if total.reuse_rate is None else f"{100 * total.reuse_rate:.1f} %"
    verb = "would be saved" if total.observed else "saved (estimate)"
    cards = [
        (f"{total.invocations:,}", "invocations"),
        (f"{total.requests:,.0f}", "requests"),
        (f"{total.opened:,.0f}", "connections opened"),
        (rate, "requests on a reused connection"),
        (f"{saving.milliseconds / 1000:,.2f} s", f"of connecting {verb}"),
        (f"${saving.dollars:,.4f}", f"of billed time {verb}"),
    ]
    shown = "".join(f"<li><b>{value}</b><span>{escape(text)}</span></li>" for value, text in cards)
    assumed = "".join(f"<li>{escape(assumption)}</li>" for assumption in saving.assumptions)
    chart = charts.connections_over_time(recording, number)
    figure = (
        '<figure><figcaption>Connections over time: <span class="key opened">opened</span> '
        f'<span class="key reused">reused</span></figcaption>{chart}</figure>'
        if chart
        else ""
    )
    return (
        f'<section><h2 id="recording-{number}">{escape(recording.name)}</h2><ul class="cards">{shown}</ul>{figure}'
        f"{''.join(_table(table) for table in tables(recording))}"
        f"<details><summary>What the saving assumes</summary><ul>{assumed}</ul></details></section>"
    )


def _table(table: Table, kind: str = "scroll") -> str:
    head = "".join(f'<th scope="col">{escape(column)}</th>' for column in table.columns)
    rows = "".join(
        f'<tr><th scope="row">{escape(row[0])}</th>' + "".join(f"<td>{escape(cell)}</td>" for cell in row[1:]) + "</tr>"
        for row in table.rows
    )
    # A region that scrolls must be reachable by keyboard.
    return (
        f'<div class="{kind}" tabindex="0" role="region" aria-label="{escape(table.title)}"><table>'
        f"<caption>{escape(table.title)}</caption><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>"
    )
