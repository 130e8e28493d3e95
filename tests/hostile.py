"""Strings that mean something to a page, a template, a terminal, a sheet, or matplotlib."""

from __future__ import annotations

STRINGS = {
    "markup": '<img src=x onerror="window.hacked=1">',
    "script": "</script><script>window.hacked=1</script><!--",
    "attribute": "\" onmouseover='window.hacked=1' x=\"",
    "entity": "&lt;b&gt; &amp; &#123;",
    "template": "{{ 7 * 7 }}",
    "statement": "{% x",
    "comment": "{# b",
    "program": "{{cycler.__init__.__globals__.os.mkdir(dict(HACKED=1)|join)}}",
    "literal": "`${window.hacked=1}`",
    "backslash": "\\u003cb\\u003e \\`${1}",
    "quotes": "'];window.hacked=1;['",
    "separators": "a\u2028window.hacked=1\u2029b",
    "formula of math": "$\\frac{ $ and $$",
    "formula of a sheet": "=1+1",
    "terminal": "\x1b[2J\x1b]0;title\x07 \x9b31m",
    "direction": "a\u202egpj.b\u2066",
    "not a letter": "a\x00b\x7f",
    "half a pair": "a\ud800b",
}
