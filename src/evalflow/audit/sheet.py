"""A checkpoint as a sheet for the paper file: the text, and the same as a QR picture."""

from __future__ import annotations

import datetime as dt
import html
import io
from typing import Any

from evalflow.audit.checkpoints import SignedCheckpoint
from evalflow.errors import invalid

_PAGE = """\
<!doctype html>
<html lang="{lang}">
<meta charset="utf-8">
<title>{title}</title>
<style>
@page {{ size: A4; margin: 25mm 20mm }}
body {{ font: 11pt/1.7 sans-serif; color: #000; background: #fff }}
h1 {{ font-size: 17pt; text-align: center }}
pre {{ font: 9.5pt/1.5 monospace; white-space: pre-wrap; overflow-wrap: anywhere; border: 1px solid;
  padding: 4mm }}
th {{ text-align: left; padding-right: 6mm; font-weight: normal; vertical-align: top }}
svg {{ display: block; width: 55mm; height: 55mm; margin: 6mm auto }}
</style>
<h1>{title}</h1>
<table>
{rows}</table>
<pre>{text}</pre>
{picture}
<p>{what}</p>
</html>
"""


def sheet(point: SignedCheckpoint, made_at: dt.datetime, lang: str = "ko") -> str:
    """Return the sheet as an HTML page that needs nothing beside it; `made_at` is printed on it,
    in the zone that it comes in.

    Raises:
        InvalidInput: `segno` is not installed, or there are more signatures than a picture holds.
    """
    korean = lang == "ko"
    signed = ", ".join(each.name for each in point.signatures) or ("없음" if korean else "none")
    when = made_at.isoformat(sep=" ", timespec="minutes")
    rows = {
        ("계획", "Plan"): point.plan,
        ("건수", "Leaves"): str(point.size),
        ("서명", "Signed by"): signed,
        ("뽑은 때", "Printed at"): when,
    }
    label = 0 if korean else 1
    return _PAGE.format(
        lang=lang,
        title="이력 확인서" if korean else "Checkpoint of the history",
        rows="".join(
            f"<tr><th>{each[label]}</th><td>{html.escape(told)}</td></tr>\n"
            for each, told in rows.items()
        ),
        text=html.escape(str(point)),
        picture=picture(str(point)),
        what="이 종이는 위 때까지의 이력 전체를 대신합니다. 뒷날 <code>evalflow verify "
        "--checkpoint</code>로 저장소와 대조합니다. 그림(QR)에는 위 글이 그대로 들어 있습니다."
        if korean
        else "This sheet stands for the whole history up to then. In later years <code>evalflow "
        "verify --checkpoint</code> holds the store against it. The picture (QR) holds the very "
        "text above.",
    )


def picture(text: str) -> str:
    """Return the text as a QR picture (SVG).

    Raises:
        InvalidInput: `segno` is not installed, or the text is longer than a picture holds.
    """
    try:
        import segno
    except ImportError:
        raise invalid(
            "not_installed",
            value="segno",
            ko="QR 그림을 그리려면 pip install 'municipal-evalflow[checkpoints]'가 필요합니다.",
            en="drawing a QR picture needs pip install 'municipal-evalflow[checkpoints]'",
        ) from None
    out = io.BytesIO()
    try:
        code: Any = segno.make_qr(text, encoding="utf-8", error="m")
    except segno.DataOverflowError:
        raise invalid(
            "too_long",
            value=str(len(text)),
            ko=f"QR 그림에 담기에는 깁니다({len(text)}자): 서명을 줄이십시오.",
            en=f"too long for a QR picture ({len(text)} characters): print fewer signatures",
        ) from None
    code.save(out, kind="svg", xmldecl=False, scale=4, border=4)
    return out.getvalue().decode().strip()
